"""Pages as they were read, each kept in a file under its sha256, the ones not asked for longest dropped first.

The hash is of the whole record, text and provenance together: the same text from two addresses is two records, and a record that was
changed on disk is none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from synapse.contracts.browsed import BrowsedPage, SnapshotPart
from synapse.errors import NotFound, Permanent

_ID: Final = re.compile(r"[0-9a-f]{64}")
_TEMPORARY: Final = ".writing-"

Seen = Callable[[str, str], None]
"""(what, outcome), for whoever counts: ('snapshot', 'hit' or 'miss')."""


class Snapshots:
    """Records below ``folder``, at most ``max_bytes`` together. Safe for threads; blocking, so call it off the event loop.

    Several processes may share the folder: each looks for a record on disk, whoever wrote it, and each drops of those it knows.
    """

    def __init__(self, folder: Path, max_bytes: int, seen: Seen = lambda *_: None) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._seen = seen
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] | None = None
        self._total = 0

    def put(self, page: BrowsedPage) -> BrowsedPage:
        """Keep a page, and give it back with its ``snapshot_id``: without one when there is no room for it."""
        data = page.model_copy(update={"snapshot_id": None}).model_dump_json().encode("utf-8", "replace")
        name = hashlib.sha256(data).hexdigest()
        if len(data) > self._max_bytes:
            return page
        with self._lock:
            known = self._known()
            if name not in known:
                try:
                    self._write(name, data)
                except OSError:
                    # Reading a page is not to fail for want of a place to keep it.
                    return page
                known[name] = len(data)
                self._total += len(data)
            known.move_to_end(name)
            self._shrink(known)
        return page.model_copy(update={"snapshot_id": name})

    def get(self, snapshot_id: str) -> BrowsedPage:
        """The page of that id. Raises NotFound when it was never kept here, or was dropped since."""
        page = self._read(snapshot_id) if _ID.fullmatch(snapshot_id) else None
        if page is None:
            self._seen("snapshot", "miss")
            raise NotFound("there is no such snapshot here, or no more", remedy="read its URL again")
        self._touch(snapshot_id)
        self._seen("snapshot", "hit")
        return page

    def each(self, after: str = "") -> Iterator[BrowsedPage]:
        """The pages behind an id, whoever kept them, in the order of ids: it stays while pages come and go. None counts as asked for."""
        names = sorted(path.name for path in self._folder.glob("*/*") if path.name > after and _ID.fullmatch(path.name))
        for name in names:
            page = self._read(name)
            if page is not None:
                yield page

    def part(self, snapshot_id: str, offset: int, length: int, page: int | None = None) -> SnapshotPart:
        """A stretch of a page's text; ``page`` is one of a paginated document's, from 1, and ``offset`` counts from its start.

        Raises NotFound, and Permanent when the document has no such page.
        """
        return part_of(self.get(snapshot_id), offset, length, page)

    def _read(self, name: str) -> BrowsedPage | None:
        """None for what is not there, or not whole."""
        with contextlib.suppress(OSError, ValidationError):
            data = self._path(name).read_bytes()
            if hashlib.sha256(data).hexdigest() == name:
                return BrowsedPage.model_validate_json(data).model_copy(update={"snapshot_id": name})
        return None

    def _touch(self, name: str) -> None:
        # The time on disk is what a restarted process orders by.
        with contextlib.suppress(OSError):
            os.utime(self._path(name))
        with self._lock:
            if name in self._known():
                self._known().move_to_end(name)

    def _known(self) -> OrderedDict[str, int]:
        if self._sizes is None:
            found: list[tuple[float, str, int]] = []
            for path in self._folder.glob("*/*"):
                with contextlib.suppress(OSError):
                    if path.name.startswith(_TEMPORARY):
                        path.unlink()
                    elif _ID.fullmatch(path.name):
                        status = path.stat()
                        found.append((status.st_mtime, path.name, status.st_size))
            self._sizes = OrderedDict((name, size) for _, name, size in sorted(found))
            self._total = sum(self._sizes.values())
        return self._sizes

    def _shrink(self, known: OrderedDict[str, int]) -> None:
        while self._total > self._max_bytes:
            name, size = known.popitem(last=False)
            self._total -= size
            self._path(name).unlink(missing_ok=True)

    def _write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        # No flush to disk: a record cut short by a crash has another hash, and counts as none.
        temporary = path.parent / f"{_TEMPORARY}{secrets.token_hex(8)}"
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def part_of(page: BrowsedPage, offset: int, length: int, number: int | None = None) -> SnapshotPart:
    """A stretch of a page's text, and where the next one starts. Raises Permanent when the document has no page of that number."""
    start, end = 0, len(page.text)
    if number is not None:
        if not 1 <= number <= len(page.pages):
            raise Permanent(f"the document has {len(page.pages)} pages" if page.pages else "the document has no pages")
        start = page.pages[number - 1]
        end = page.pages[number] if number < len(page.pages) else end
    first = min(start + offset, end)
    last = min(first + length, end)
    return SnapshotPart(
        snapshot_id=page.snapshot_id,
        url=page.url,
        final_url=page.final_url,
        title=page.title,
        media_type=page.media_type,
        fetched_at=page.fetched_at,
        sha256=page.sha256,
        trust=page.trust,
        offset=first,
        text=page.text[first:last],
        next_offset=last - start if last < end else None,
        length=len(page.text),
        page_count=len(page.pages),
    )
