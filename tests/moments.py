"""Moments that the code under test wrote down."""

from __future__ import annotations

from datetime import datetime, timedelta

_APART = timedelta(seconds=1)
"""How far the clocks of a database server and of this process may be from each other, and from what either rounds to."""


def assert_utc(moment: datetime | None, earliest: datetime, latest: datetime) -> None:
    """It is there, says that it is of UTC, and lies between the two."""
    assert moment is not None, "there is no moment"
    assert moment.utcoffset() == timedelta(0)
    assert earliest - _APART <= moment <= latest + _APART
