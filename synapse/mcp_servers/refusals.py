"""Why the filesystem server does not do what it is asked. Each refusal has a code of its own; none names a path of the machine.

Permanent
├── Refused                    (each by a rule, which metrics count)
│   ├── BadPath   bad-path     the path is not one that is accepted
│   ├── NotPlain  not-plain    a link, a device, a directory where a file should be, another file system
│   ├── TooLarge  too-large    more than one file or one answer may hold
│   ├── ReadOnly  read-only    nothing may be written there
│   └── OverQuota over-quota   the root would hold more than it may
├── Missing       not-found    there is no such file or directory
├── Exists        exists       there is something of that name
├── NotText       not-text     the file is not UTF-8
├── BadRange      bad-range    there is no such part of the file
├── Changed       changed      the file is no longer the one that was begun with
└── NotEmpty      not-empty    the directory holds something
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Final

from synapse.egress.refused import Refused
from synapse.errors import Permanent, Transient

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EAGAIN})
_NO_PLAIN: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.EISDIR, errno.ENODEV})


class BadPath(Refused):
    """The path is not one that is accepted."""

    code, rule = "bad-path", "path"


class Missing(Permanent):
    """There is no such file or directory."""

    code = "not-found"


class Exists(Permanent):
    """There is already something of that name."""

    code = "exists"


class NotPlain(Refused):
    """The path leads over a link or something that is no directory, or to something that is no regular file."""

    code, rule = "not-plain", "plain"


class NotText(Permanent):
    """The file is not UTF-8 text."""

    code = "not-text"


class TooLarge(Refused):
    """The file is larger than what is served."""

    code, rule = "too-large", "size"


class BadRange(Permanent):
    """The file has no such part."""

    code = "bad-range"


class Changed(Permanent):
    """The file was changed since its first part was read; begin again."""

    code = "changed"


class NotEmpty(Permanent):
    """The directory is not empty."""

    code = "not-empty"


class ReadOnly(Refused):
    """The root is read-only."""

    code, rule = "read-only", "read-only"


class OverQuota(Refused):
    """The root would hold more than it may."""

    code, rule = "over-quota", "quota"


@contextlib.contextmanager
def told() -> Iterator[None]:
    """The system's errors in our words: a refusal from above, or Transient for a disk that takes nothing now."""
    try:
        yield
    except FileNotFoundError:
        raise Missing from None
    except FileExistsError:
        raise Exists from None
    except OSError as error:
        raise refusal(error) from None


def refusal(error: OSError) -> Permanent | Transient:
    """What an error of the system is to the caller."""
    words = os.strerror(error.errno or 0)
    if error.errno in _NO_ROOM:
        return Transient(f"the disk does not take it now: {words}")
    if error.errno in _NO_PLAIN:
        return NotPlain()
    if error.errno == errno.EXDEV:
        return NotPlain("the path leads outside the root or to another file system")
    if error.errno == errno.ENOTEMPTY:
        return NotEmpty()
    if error.errno == errno.EROFS:
        return ReadOnly()
    return Permanent(f"the file cannot be used: {words}")
