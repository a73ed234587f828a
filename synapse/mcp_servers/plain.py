"""Regular files with one name. What else may lie in a folder is found out without opening it, and never waited for."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from synapse.errors import Transient
from synapse.mcp_servers.descent import Descent
from synapse.mcp_servers.refusals import NotPlain

_LOOK: Final = getattr(os, "O_PATH", os.O_RDONLY | os.O_NONBLOCK)
# O_NONBLOCK: a FIFO would hold the thread until somebody writes to it. O_NOCTTY: a terminal would become this process's own.
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_GONE: Final = " (deleted)"
_TRIES: Final = 16


def open_plain(descent: Descent, root: int, names: Sequence[str]) -> int:
    """A descriptor to read from, of a regular file whose only name is this one.

    Raises NotPlain, Transient when the file is replaced faster than it can be opened, and OSError.
    """
    if names[-1].endswith(_GONE):
        raise NotPlain("its name ends like that of a removed file")
    for _ in range(_TRIES):
        found = descent.open(root, names, _LOOK)
        try:
            status = os.fstat(found)
            require_plain(status)
            # In this order. While the name that was opened is still there, a count of one is the count of that name: had somebody
            # taken away the link inside to hide the file's name outside, the link would be gone now.
            if status.st_nlink == 1 and _still_named(found, descent, root, names):
                return _reopened(descent, root, names, found)
        finally:
            os.close(found)
    raise Transient("the file is being replaced all the time")


def require_plain(status: os.stat_result) -> None:
    """Raise NotPlain for a link, a device, a FIFO, a socket, a directory, and for a file with a second name."""
    if not stat.S_ISREG(status.st_mode):
        raise NotPlain("the path does not name a regular file")
    if status.st_nlink > 1:
        raise NotPlain("the file has another name elsewhere (a hard link)")


def _still_named(found: int, descent: Descent, root: int, names: Sequence[str]) -> bool:
    folder = descent.open(root, names[:-1], _FOLDER)
    try:
        # The kernel counts a name off first and marks it as removed afterwards, both under the lock of its directory: whoever
        # lists the directory waits until that is over. A name in another directory is not waited for, and is not this one.
        with os.scandir(folder) as entries:
            next(entries, None)
        return _path(found) == _path(folder) / names[-1]
    except FileNotFoundError:
        return not Path("/proc/self/fd").exists()  # without it, the count alone decides
    finally:
        os.close(folder)


def _path(descriptor: int) -> Path:
    """Where the kernel knows it. What was removed under this name has an ending, which no name may have that is asked for."""
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def _reopened(descent: Descent, root: int, names: Sequence[str], found: int) -> int:
    """The file that was looked at, opened for reading: merely opening some devices does something."""
    try:
        return os.open(f"/proc/self/fd/{found}", _READ)
    except FileNotFoundError:
        if Path("/proc/self/fd").exists():
            raise
    opened = descent.open(root, names, _READ)
    try:
        require_plain(os.fstat(opened))
    except BaseException:
        os.close(opened)
        raise
    return opened
