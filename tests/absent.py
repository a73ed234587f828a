"""What is not installed: a reason to leave a test out on somebody's own machine, and a failure in CI, where all of it must be tried."""

from __future__ import annotations

import os
from typing import Final, NoReturn

import pytest

IN_CI: Final = os.environ.get("CI") == "true"


def unpromised(reason: object, promise: str) -> NoReturn:
    """Skip, or fail where the variable ``promise`` is 1, for that reason: what a checkout does not need, and some machines have."""
    if os.environ.get(promise) == "1":
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))


def absent(reason: object) -> NoReturn:
    """Skip, or with ``CI=true`` fail, for that reason."""
    if IN_CI:
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))
