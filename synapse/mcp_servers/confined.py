"""Files below one root and nowhere else, however the tree is changed while we look.

Every step down is an ``open`` relative to the directory before it, and never follows a link: what was checked is what is used.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from synapse.contracts.toolbox import SavedFile
from synapse.contracts.wire import DirectoryEntry, DirectoryListing, FileContent
from synapse.errors import Permanent, Transient
from synapse.mcp_servers.names import TEMPORARY, BadPath, parts_of

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a FIFO would hold the thread until somebody writes to it.
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LISTED: Final = 1000
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO})


@dataclass(frozen=True)
class ConfinedFiles:
    """Text files below ``root``, at most ``max_bytes`` each. All methods block.

    They raise Permanent for what is refused, Transient for a full disk.
    """

    root: Path
    max_bytes: int = 10_000_000

    def save(self, path: str, content: str) -> SavedFile:
        """Write a file whole or not at all, and durably; directories on the way are made. Saving the same again is harmless."""
        parts = self._file_parts(path)
        data = _encoded(content)
        if len(data) > self.max_bytes:
            raise Permanent(f"the file would be larger than {self.max_bytes} bytes")
        with _told(), self._directory(parts[:-1], make=True) as folder:
            self._refuse_odd(folder, parts[-1])
            _write(folder, parts[-1], data)
        uri = (self.root / Path(*parts)).as_uri()
        return SavedFile(path="/".join(parts), uri=uri, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))

    def read(self, path: str) -> FileContent:
        """The text of a file."""
        parts = self._file_parts(path)
        with _told(), self._directory(parts[:-1]) as folder:
            descriptor = os.open(parts[-1], _READ, dir_fd=folder)
            with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
                self._refuse_status(os.fstat(descriptor), os.fstat(folder))
                data = file.read(self.max_bytes + 1)
        if len(data) > self.max_bytes:
            raise Permanent(f"the file is larger than {self.max_bytes} bytes")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Permanent("the file is not UTF-8 text") from error
        return FileContent(path="/".join(parts), content=text, sha256=hashlib.sha256(data).hexdigest())

    def list(self, path: str) -> DirectoryListing:
        """The files and directories in a directory, by name; links, devices and the like are left out."""
        parts = parts_of(path)
        entries: list[DirectoryEntry] = []
        with _told(), self._directory(parts) as folder, os.scandir(folder) as scan:
            for entry in scan:
                if entry.name.startswith(TEMPORARY) or entry.is_symlink():
                    continue
                if entry.is_dir(follow_symlinks=False):
                    entries.append(DirectoryEntry(name=_shown(entry.name), kind="directory", bytes=0))
                elif entry.is_file(follow_symlinks=False):
                    entries.append(DirectoryEntry(name=_shown(entry.name), kind="file", bytes=entry.stat(follow_symlinks=False).st_size))
        entries.sort(key=lambda entry: entry.name)
        return DirectoryListing(path="/".join(parts), entries=tuple(entries[:_LISTED]), truncated=len(entries) > _LISTED)

    def check(self, path: str) -> bool:
        """Whether an acceptable path exists. Raises Permanent when it could be neither read nor written."""
        parts = parts_of(path)
        if not parts:
            return True
        with _told(missing_is_fine=True), self._directory(parts[:-1]) as folder:
            status = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                self._refuse_status(status, os.fstat(folder))
            return True
        return False

    def _file_parts(self, path: str) -> tuple[str, ...]:
        parts = parts_of(path)
        if not parts:
            raise BadPath("the path names the root, not a file")
        return parts

    @contextlib.contextmanager
    def _directory(self, parts: tuple[str, ...], *, make: bool = False) -> Iterator[int]:
        """A descriptor of a directory below the root, reached name by name."""
        if make:
            self.root.mkdir(parents=True, exist_ok=True)
        # The root itself may be a link: the operator chose it.
        current = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            device = os.fstat(current).st_dev
            for name in parts:
                following = _step(current, name, make=make)
                os.close(current)
                current = following
                if os.fstat(current).st_dev != device:
                    raise Permanent("the path leads to another file system")
            yield current
        finally:
            os.close(current)

    def _refuse_odd(self, folder: int, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._refuse_status(os.stat(name, dir_fd=folder, follow_symlinks=False), os.fstat(folder))

    def _refuse_status(self, status: os.stat_result, folder: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise Permanent("the path does not name a regular file")
        if status.st_nlink > 1:
            raise Permanent("the file has another name elsewhere (a hard link)")
        if status.st_dev != folder.st_dev:
            raise Permanent("the path leads to another file system")


def _step(folder: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, _DIRECTORY, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=folder)
        os.fsync(folder)
    return os.open(name, _DIRECTORY, dir_fd=folder)


def _write(folder: int, name: str, data: bytes) -> None:
    """Temporary file, flush to disk, rename, flush the directory: after a crash the old file is there or the new one."""
    temporary = f"{TEMPORARY}{secrets.token_hex(8)}"
    descriptor = os.open(temporary, _CREATE, 0o644, dir_fd=folder)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)


@contextlib.contextmanager
def _told(*, missing_is_fine: bool = False) -> Iterator[None]:
    """The system's errors in our words; none of them names a path outside."""
    try:
        yield
    except FileNotFoundError:
        if not missing_is_fine:
            raise Permanent("there is no such file or directory") from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise Transient(f"the disk does not take it now: {os.strerror(error.errno)}") from None
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
            raise Permanent("the path leads over a link or something that is no directory") from None
        raise Permanent(f"the file cannot be used: {os.strerror(error.errno or 0)}") from None


def _encoded(content: str) -> bytes:
    try:
        return content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Permanent("the content has characters that UTF-8 cannot hold") from error


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")
