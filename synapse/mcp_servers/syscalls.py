"""Two system calls of Linux that Python has no function for: openat2 (Linux 5.6) and renameat2 (3.15)."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
import struct
import sys
from typing import Any, Final

NO_XDEV: Final = 0x01
NO_MAGICLINKS: Final = 0x02
NO_SYMLINKS: Final = 0x04
BENEATH: Final = 0x08

_AT_FDCWD: Final = -100
_NOREPLACE: Final = 1
_TRIES: Final = 64
# Since Linux 5.1 new calls have one number everywhere, above the base of an architecture that has several tables.
_OPENAT2: Final = {"alpha": 547, "mips": 4437, "mips64": 5437}
_RENAMEAT2: Final = {
    **{"x86_64": 316, "i386": 353, "i486": 353, "i586": 353, "i686": 353, "armv6l": 382, "armv7l": 382, "armv8l": 382, "alpha": 510},
    **{"ppc": 357, "ppc64": 357, "ppc64le": 357, "s390x": 347, "mips": 4351, "mips64": 5311, "sparc64": 345},
}
_RENAMEAT2_ELSEWHERE: Final = 276  # the table of arm64, riscv64 and loongarch64


class _How(ctypes.Structure):
    """The kernel's ``struct open_how``."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(folder: int, path: str, flags: int, *, resolve: int, mode: int = 0) -> int:
    """A descriptor of ``path`` below ``folder``, closed on exec. Raises OSError; ENOSYS where the system has no such call."""
    how = _How(flags | os.O_CLOEXEC, mode, resolve)
    # EAGAIN: something was renamed or mounted meanwhile, and the kernel could not tell whether the path stayed inside.
    for _ in range(_TRIES):
        try:
            return _call(_number(_OPENAT2, 437), folder, _encoded(path), ctypes.byref(how), ctypes.c_size_t(ctypes.sizeof(how)))
        except BlockingIOError:
            continue
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def rename_new(source_folder: int, source: str, target_folder: int, target: str) -> None:
    """Rename, unless the target is there: FileExistsError. Other OSErrors; ENOSYS or EINVAL where it cannot be had in one step."""
    number = _number(_RENAMEAT2, _RENAMEAT2_ELSEWHERE)
    _call(number, source_folder, _encoded(source), target_folder, _encoded(target), ctypes.c_uint(_NOREPLACE))


@functools.cache
def has_openat2() -> bool:
    """Whether the call works here. Older kernels lack it, and the filters of some containers refuse it."""
    try:
        os.close(openat2(_AT_FDCWD, ".", os.O_RDONLY | os.O_DIRECTORY, resolve=BENEATH | NO_SYMLINKS | NO_MAGICLINKS | NO_XDEV))
    except OSError:
        return False
    return True


def _encoded(path: str) -> bytes:
    # ctypes would hand over what stands before a NUL.
    if "\0" in path:
        raise ValueError("embedded null byte")
    return os.fsencode(path)


def _number(numbers: dict[str, int], elsewhere: int) -> int:
    machine = platform.machine()
    if struct.calcsize("P") == 4:
        # A 32-bit process on a 64-bit kernel speaks the older table.
        machine = {"x86_64": "i686", "aarch64": "armv8l", "mips64": "mips", "ppc64": "ppc"}.get(machine, machine)
    return numbers.get(machine, elsewhere)


def _call(number: int, *arguments: Any) -> int:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    while True:
        result = int(_libc().syscall(ctypes.c_long(number), *arguments))
        if result >= 0:
            return result
        code = ctypes.get_errno()
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))


@functools.cache
def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library
