"""Waiting for what other threads and other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 60.0
"""Seconds that a test waits for what is sure to come: so many that a busy machine is never taken for a defect. Where all is well
nobody waits that long, and where something never comes the test fails by it."""
_LOOK = 0.01


def until(condition: Callable[[], Any], what: str = "", seconds: float = PATIENCE) -> Any:
    """What the condition gives once it holds; fails the test when it never does."""
    found = came(condition, seconds)
    assert found, f"not within {seconds:g} s: {what or condition}"
    return found


def came(condition: Callable[[], Any], seconds: float, every: float = _LOOK) -> Any:
    """What the condition gives once it holds, or in the end, for who goes on and tells what is missing; asked ``every`` so many seconds."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        # Looked at again and again, for nothing tells of it: it is a row that another process wrote, a file that it made, or a
        # thread of the package that is at work, and none of these has an event that a test could wait for.
        time.sleep(every)
    return found
