"""Content encodings, undone with a limit on what comes out, so that a small body cannot become a large one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from synapse.egress.refused import Refused
from synapse.errors import Permanent

PIECE: Final = 65_536
"""Bytes undone at a time: what one chunk of the wire unpacks to is never held as a whole."""


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

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """The decoded bytes so far unseen, a little at a time."""
        if self._engine is None:
            yield self._count(chunk)
            return
        # What follows the end of a stream is another one, or padding; neither belongs to a page.
        while not self._engine.eof:
            data = self._undone(self._engine, chunk)
            chunk = self._engine.unconsumed_tail
            yield self._count(data)
            # A full piece may leave output inside the engine although its input is used up.
            if not chunk and len(data) < PIECE:
                return

    def feed(self, chunk: bytes) -> bytes:
        """The decoded bytes so far unseen, at once."""
        return b"".join(self.pieces(chunk))

    def end(self) -> bytes:
        """What was still held back. Raises Permanent for a stream cut short."""
        if self._engine is None:
            return b""
        if not self._engine.eof:
            raise Permanent("the page's content encoding is cut short")
        return b""

    def _undone(self, engine: zlib._Decompress, chunk: bytes) -> bytes:
        try:
            data = engine.decompress(chunk, PIECE)
        except zlib.error as error:
            if self._name != "deflate" or self._raw_tried:
                raise Permanent("the page's content encoding is broken") from error
            # Some servers mean bare deflate by the name; it shows at the first bytes.
            self._raw_tried = True
            self._engine = zlib.decompressobj(wbits=-15)
            return self._undone(self._engine, chunk)
        self._raw_tried = True
        return data

    def _count(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise Refused(f"the page is larger than {self._limit} bytes when decoded", "size")
        return data
