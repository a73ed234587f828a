from __future__ import annotations

import errno
import os
import re

import pytest

from synapse.errors import Permanent, Transient
from synapse.mcp_servers import refusals
from synapse.mcp_servers.refusals import Exists, Missing, NotEmpty, NotPlain, ReadOnly, refusal, told

KINDS = [
    each
    for each in vars(refusals).values()
    if isinstance(each, type) and issubclass(each, Permanent) and each.__module__ == refusals.__name__
]


def test_every_refusal_has_a_code_of_its_own_and_none_helps_to_repeat() -> None:
    assert len({kind.code for kind in KINDS} | {Permanent.code}) == len(KINDS) + 1
    assert not any(kind.retryable for kind in KINDS)
    drawn = dict(re.findall(r"── (\w+) +([a-z-]+) ", refusals.__doc__ or ""))
    assert drawn == {kind.__name__: kind.code for kind in KINDS}


@pytest.mark.parametrize(
    ("code", "kind"),
    [(errno.ENOENT, Missing), (errno.EEXIST, Exists), (errno.ELOOP, NotPlain), (errno.ENOTDIR, NotPlain), (errno.ENXIO, NotPlain),
     (errno.EXDEV, NotPlain), (errno.EISDIR, NotPlain), (errno.ENOTEMPTY, NotEmpty), (errno.EROFS, ReadOnly), (errno.ENOSPC, Transient),
     (errno.EDQUOT, Transient), (errno.EFBIG, Transient), (errno.EIO, Transient), (errno.EMFILE, Transient), (errno.EAGAIN, Transient),
     (errno.EACCES, Permanent), (errno.ENAMETOOLONG, Permanent), (errno.EBUSY, Permanent)],
)  # fmt: skip
def test_errors_of_the_system_are_told_without_a_path_of_the_machine(code: int, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught, told():
        raise OSError(code, os.strerror(code), "/where/it/is")
    assert type(caught.value) is kind
    assert "/where" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_error_without_a_number_is_permanent() -> None:
    assert type(refusal(OSError("odd"))) is Permanent
