"""Content encodings, undone with a limit on what comes out, so that a small body cannot become a large one."""

from __future__ import annotations

import zlib

from synapse.errors import Permanent


class Inflater:
    """Feeds bytes of the wire through one content encoding. Raises Permanent for others, for several, and past ``limit`` bytes."""

    def __init__(self, encoding: str, limit: int) -> None:
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise Permanent("the page is encoded in a way that was not asked for")
        self._name = name
        self._left = limit
        self._limit = limit
        self._engine = zlib.decompressobj(wbits=47) if name not in ("", "identity") else None
        self._raw_tried = False

    def feed(self, chunk: bytes) -> bytes:
        """The decoded bytes so far unseen."""
        if self._engine is None:
            return self._count(chunk)
        if self._engine.eof:
            # What follows the end of a stream is another one, or padding; neither belongs to a page.
            return b""
        try:
            data = self._engine.decompress(chunk, self._left + 1)
        except zlib.error as error:
            if self._name != "deflate" or self._raw_tried:
                raise Permanent("the page's content encoding is broken") from error
            # Some servers mean bare deflate by the name; it shows at the first bytes.
            self._raw_tried = True
            self._engine = zlib.decompressobj(wbits=-15)
            return self.feed(chunk)
        self._raw_tried = True
        return self._count(data)

    def end(self) -> bytes:
        """What was still held back. Raises Permanent for a stream cut short."""
        if self._engine is None:
            return b""
        if not self._engine.eof:
            raise Permanent("the page's content encoding is cut short")
        return b""

    def _count(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise Permanent(f"the page is larger than {self._limit} bytes when decoded")
        return data
