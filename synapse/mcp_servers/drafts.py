"""Files half written. Each is locked by its writer, so that what a killed writer left can be told from what is being written."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from synapse.mcp_servers import syscalls
from synapse.mcp_servers.names import TEMPORARY

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DRAFT: Final = re.compile(re.escape(TEMPORARY) + r"([0-9a-f]{16})")
_NOT_IN_ONE_STEP: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP})


@dataclass(frozen=True)
class Draft:
    """A file under a hidden name in the directory where it will be."""

    folder: int
    token: str
    descriptor: int

    @property
    def name(self) -> str:
        """The hidden name."""
        return f"{TEMPORARY}{self.token}"

    def write(self, data: bytes) -> None:
        """Put the data on disk. Raises OSError when it takes no more."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]
        os.fsync(self.descriptor)

    def publish(self, name: str, *, replace: bool) -> None:
        """Give the file its name. Raises FileExistsError when there is one and it is not to be replaced."""
        rename(self.folder, self.name, self.folder, name, replace=replace)


@contextlib.contextmanager
def new_draft(folder: int) -> Iterator[Draft]:
    """An empty draft, which is gone at the end unless it was published."""
    draft = _locked_draft(folder)
    try:
        yield draft
    finally:
        # Still under its hidden name: it was not published. No other writer draws the same one.
        with contextlib.suppress(OSError):
            os.unlink(draft.name, dir_fd=folder)
        os.close(draft.descriptor)


def _locked_draft(folder: int) -> Draft:
    while True:
        token = secrets.token_hex(8)
        descriptor = os.open(f"{TEMPORARY}{token}", _CREATE, 0o644, dir_fd=folder)
        # Somebody who clears up may have come between: then it is theirs, and another is made.
        if _lock(descriptor) and os.fstat(descriptor).st_nlink == 1:
            return Draft(folder, token, descriptor)
        os.close(descriptor)


def token_of(name: str) -> str | None:
    """The token in the hidden name of a draft; None for any other name."""
    found = _DRAFT.fullmatch(name)
    return found[1] if found else None


def clear_dead(folder: int, name: str) -> bool:
    """Remove the draft of that name if its writer is gone. True when it is no longer there."""
    try:
        descriptor = os.open(name, _LOOK, dir_fd=folder)
    except OSError as error:
        return error.errno == errno.ENOENT
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not _lock(descriptor):
            return False
        # It may have been published between the two.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(name, dir_fd=folder, follow_symlinks=False), status):
                os.unlink(name, dir_fd=folder)
        return True
    finally:
        os.close(descriptor)


def clear_all_dead(folder: int) -> None:
    """Remove from a directory the drafts whose writers are gone."""
    for name in os.listdir(folder):
        if token_of(name) is not None:
            clear_dead(folder, name)


def rename(source_folder: int, source: str, target_folder: int, target: str, *, replace: bool) -> None:
    """Rename in one step. Raises FileExistsError when the target is there and is not to be replaced."""
    if replace:
        os.rename(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)
        return
    try:
        syscalls.rename_new(source_folder, source, target_folder, target)
    except OSError as error:
        if error.errno not in _NOT_IN_ONE_STEP:
            raise
        _rename_in_two_steps(source_folder, source, target_folder, target)


def _rename_in_two_steps(source_folder: int, source: str, target_folder: int, target: str) -> None:
    # Some network file systems. Neither a link nor a new directory ever takes the place of anything.
    if stat.S_ISDIR(os.stat(source, dir_fd=source_folder, follow_symlinks=False).st_mode):
        os.mkdir(target, 0o755, dir_fd=target_folder)
        try:
            os.rename(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)
        except OSError:
            os.rmdir(target, dir_fd=target_folder)
            raise
        return
    os.link(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder, follow_symlinks=False)
    try:
        os.unlink(source, dir_fd=source_folder)
    except OSError:
        os.unlink(target, dir_fd=target_folder)
        raise


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
