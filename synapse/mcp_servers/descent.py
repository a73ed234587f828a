"""Opening what lies below a directory, over no link and on no other file system: by the kernel in one call, or name by name."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from synapse.mcp_servers import syscalls

RESOLVE: Final = syscalls.BENEATH | syscalls.NO_SYMLINKS | syscalls.NO_MAGICLINKS | syscalls.NO_XDEV
# O_PATH asks for no right to list the directories on the way, as the kernel's own walk does not.
_PASS: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOUNT: Final = re.compile(r"^mnt_id:\s*(\d+)$", re.M)


class Descent(Protocol):
    """A way down."""

    def open(self, root: int, names: Sequence[str], flags: int) -> int:
        """A descriptor of what the names lead to from the descriptor ``root``; no names: the root itself.

        Raises OSError: ELOOP or ENOTDIR for a link, EXDEV for a way outside or another file system.
        """


class KernelDescent:
    """The kernel resolves the whole path, and answers for every component of it at once."""

    def open(self, root: int, names: Sequence[str], flags: int) -> int:
        """See `Descent`."""
        # Not with O_NOFOLLOW: together with O_PATH it would give a descriptor of the link itself.
        return syscalls.openat2(root, "/".join(names) or ".", flags, resolve=RESOLVE)


class WalkingDescent:
    """Each name is opened from the directory before it: what was checked is what is used. For kernels without openat2."""

    def open(self, root: int, names: Sequence[str], flags: int) -> int:
        """See `Descent`."""
        if any(name in ("", ".", "..") or "/" in name for name in names):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        here = _whereabouts(root)
        current = os.dup(root)
        try:
            for name in names[:-1]:
                current = _replaced(current, os.open(name, _PASS, dir_fd=current))
                _stay(current, here)
            last = names[-1] if names else "."
            current = _replaced(current, os.open(last, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=current))
            _stay(current, here)
            # O_PATH opens even a link.
            if stat.S_ISLNK(os.fstat(current).st_mode):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        except BaseException:
            os.close(current)
            raise
        return current


def descent() -> Descent:
    """The kernel's way where there is one."""
    return KernelDescent() if syscalls.has_openat2() else WalkingDescent()


def _replaced(old: int, new: int) -> int:
    os.close(old)
    return new


def _stay(descriptor: int, here: tuple[int, str | None]) -> None:
    if _whereabouts(descriptor) != here:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def _whereabouts(descriptor: int) -> tuple[int, str | None]:
    """Device and mount. A directory bound from elsewhere in the same file system differs in the second only."""
    try:
        found = _MOUNT.search(Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii"))
    except OSError:
        found = None
    return os.fstat(descriptor).st_dev, found[1] if found else None
