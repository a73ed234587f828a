"""Pages kept on disk, bounded by bytes: the least recently used go first.

A body is a file named after its hash and a page's entry is a small file beside them; each is written whole under another name and
renamed, so that a crash, or another process on the same folder, leaves no half of one. What does not fit together is not there.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from synapse.mcp_servers.freshness import may_be_kept, seconds_fresh

_FORMAT: Final = 1
_ENTRY_BYTES: Final = 65_536
_LEFT_ALONE: Final = 60.0
"""Seconds: a body younger than that may be another process's, which has yet to write its entry."""
_SHARE: Final = 16
"""A part of the limit: after writing so much, what others wrote is counted too."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = Field(ge=_FORMAT, le=_FORMAT)
    key: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    media_type: str
    charset: str | None
    fetched_at: AwareDatetime
    fresh_until: AwareDatetime
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class Kept:
    """A page as it was kept."""

    body: bytes
    entry: _Entry

    @property
    def media_type(self) -> str:
        """As its host called it."""
        return self.entry.media_type

    @property
    def charset(self) -> str | None:
        """As its host called it."""
        return self.entry.charset

    @property
    def fetched_at(self) -> datetime:
        """When the body came over the wire."""
        return self.entry.fetched_at

    def is_fresh(self, now: datetime) -> bool:
        """Whether its host need not be asked."""
        # A clock that was set back must not keep a page for ever.
        return self.fetched_at <= now < self.entry.fresh_until

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that ask whether it still holds."""
        pairs = {"if-none-match": self.entry.etag, "if-modified-since": self.entry.last_modified}
        return {name: value for name, value in pairs.items() if value}


class PageCache:
    """Pages by key, below a folder that several processes may share, in at most about ``max_bytes`` bytes of bodies and entries."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._bodies = folder / "bodies"
        self._entries = folder / "entries"
        self._max_bytes = max_bytes
        self._uncounted: int | None = None

    async def find(self, key: str) -> Kept | None:
        """The page that was kept under a key, None when there is none that is whole."""
        return await asyncio.to_thread(self._find, key)

    async def keep(
        self, key: str, body: bytes, media_type: str, charset: str | None, fetched_at: datetime, headers: Mapping[str, str]
    ) -> bool:
        """Keep a page if its headers allow it and it fits. Returns whether it is kept; a full disk is no error."""
        if not may_be_kept(headers) or len(body) > self._max_bytes // 4:
            await asyncio.to_thread(self._drop, key)
            return False
        entry = _Entry(
            format=_FORMAT,
            key=key,
            sha256=hashlib.sha256(body).hexdigest(),
            media_type=media_type,
            charset=charset,
            fetched_at=fetched_at,
            fresh_until=fetched_at + timedelta(seconds=seconds_fresh(headers, fetched_at)),
            etag=_sendable(headers.get("etag", "")),
            last_modified=_sendable(headers.get("last-modified", "")),
        )
        return await asyncio.to_thread(self._write, entry, body)

    async def renew(self, key: str, kept: Kept, headers: Mapping[str, str]) -> Kept:
        """The same page, confirmed by its host with these headers; it stays as old as it is."""
        now = datetime.now(kept.fetched_at.tzinfo)
        said = {"etag": kept.entry.etag, "last-modified": kept.entry.last_modified, **headers}
        entry = kept.entry.model_copy(
            update={
                "fresh_until": now + timedelta(seconds=seconds_fresh(said, now)),
                "etag": _sendable(said["etag"]),
                "last_modified": _sendable(said["last-modified"]),
            }
        )
        if may_be_kept(said):
            await asyncio.to_thread(self._write, entry, kept.body)
        else:
            await asyncio.to_thread(self._drop, key)
        return Kept(kept.body, entry)

    def _find(self, key: str) -> Kept | None:
        path = self._entry(key)
        try:
            with path.open("rb") as file:
                entry = _Entry.model_validate_json(file.read(_ENTRY_BYTES))
            body = self._body(entry.sha256).read_bytes()
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            self._drop(key)
            return None
        if entry.key != key or hashlib.sha256(body).hexdigest() != entry.sha256:
            self._drop(key, entry.sha256)
            return None
        with suppress(OSError):
            os.utime(path)
        return Kept(body, entry)

    def _write(self, entry: _Entry, body: bytes) -> bool:
        text = entry.model_dump_json().encode()
        if len(text) > _ENTRY_BYTES:
            return False
        try:
            target = self._body(entry.sha256)
            if not target.exists():
                _write_whole(target, body)
            _write_whole(self._entry(entry.key), text)
        except OSError:
            return False
        self._count(len(body) + len(text))
        return True

    def _drop(self, key: str, sha256: str | None = None) -> None:
        for path in (self._entry(key), *([self._body(sha256)] if sha256 else [])):
            with suppress(OSError):
                path.unlink()

    def _count(self, written: int) -> None:
        """Make room once enough was written since it was last looked, or for the first time."""
        if self._uncounted is not None:
            self._uncounted += written
            if self._uncounted < self._max_bytes // _SHARE:
                return
        self._uncounted = 0
        self._evict()

    def _evict(self) -> None:
        bodies = dict(_files(self._bodies))
        entries = sorted(_files(self._entries), key=lambda item: item[1].st_mtime)
        total = sum(state.st_size for state in bodies.values()) + sum(state.st_size for _, state in entries)
        wanted: set[str] = set()
        room = self._max_bytes - self._max_bytes // _SHARE
        old = time.time() - _LEFT_ALONE
        # The newest first: what they point at stays as long as it fits; all that is older goes.
        used = 0
        for path, state in reversed(entries):
            sha256 = _points_at(path)
            body = bodies.get(self._body(sha256)) if sha256 else None
            cost = state.st_size + (body.st_size if body is not None and sha256 not in wanted else 0)
            if sha256 is None or body is None or used + cost > room:
                if total > room or state.st_mtime < old:
                    path.unlink(missing_ok=True)
                continue
            used += cost
            wanted.add(sha256)
        for path, state in bodies.items():
            if path.name not in wanted and (state.st_mtime < old or total > room):
                path.unlink(missing_ok=True)

    def _entry(self, key: str) -> Path:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self._entries / name[:2] / name

    def _body(self, sha256: str) -> Path:
        return self._bodies / sha256[:2] / sha256


def _write_whole(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in folder.glob("??/*"):
        with suppress(OSError):
            found.append((path, path.stat()))
    return found


def _points_at(path: Path) -> str | None:
    if path.suffix:
        return None  # what a crash left behind
    try:
        return _Entry.model_validate_json(path.read_bytes()[:_ENTRY_BYTES]).sha256
    except (OSError, ValidationError):
        return None


def _sendable(value: str) -> str:
    return value if len(value) <= 1_000 and value.isascii() and value.isprintable() else ""
