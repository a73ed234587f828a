"""Blob stores: a folder for one machine, the database for several. Both name bytes by their sha256."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path

from synapse.contracts.blobs import BlobStore
from synapse.errors import Permanent
from synapse.state.driver import Driver

_NAME = re.compile(r"^[0-9a-f]{64}$")
PUT = "INSERT INTO blob (sha256, data, created_at) VALUES (:sha256, :data, {now}) ON CONFLICT (sha256) DO NOTHING"
GET = "SELECT data FROM blob WHERE sha256 = :sha256"


def _checked(sha256: str) -> str:
    if not _NAME.match(sha256):
        raise Permanent(f"{sha256[:80]!r} is not a sha256")
    return sha256


class _Threaded(ABC):
    """A blocking store as `BlobStore`: its calls go to a thread."""

    @abstractmethod
    def put_now(self, data: bytes) -> str:
        """`put`, for a caller that has a thread to itself."""

    @abstractmethod
    def get_now(self, sha256: str) -> bytes:
        """`get`, for a caller that has a thread to itself."""

    async def put(self, data: bytes) -> str:
        """Store bytes; returns their sha256."""
        return await asyncio.to_thread(self.put_now, data)

    async def get(self, sha256: str) -> bytes:
        """The bytes of that name. Raises Permanent when there are none."""
        return await asyncio.to_thread(self.get_now, sha256)


class FolderBlobs(_Threaded):
    """One file per blob, written whole or not at all, two levels deep."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put_now(self, data: bytes) -> str:
        """`put`, for a caller that has a thread to itself."""
        name = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        return name

    def get_now(self, sha256: str) -> bytes:
        """`get`, for a caller that has a thread to itself."""
        try:
            return self._path(_checked(sha256)).read_bytes()
        except FileNotFoundError:
            raise Permanent(f"there is no blob {sha256}") from None

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name[2:4] / name


class SqlBlobs(_Threaded):
    """Blobs in the database: one place to back up, shared by every machine that reaches it."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def put_now(self, data: bytes) -> str:
        """`put`, for a caller that has a thread to itself."""
        name = hashlib.sha256(data).hexdigest()
        self.driver.rows(PUT, {"sha256": name, "data": data})
        return name

    def get_now(self, sha256: str) -> bytes:
        """`get`, for a caller that has a thread to itself."""
        rows = self.driver.rows(GET, {"sha256": _checked(sha256)})
        if not rows:
            raise Permanent(f"there is no blob {sha256}")
        return bytes(rows[0][0])


__all__ = ["BlobStore", "FolderBlobs", "SqlBlobs"]
