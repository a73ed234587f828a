"""When a delivery that was not taken is tried again: pure."""

from __future__ import annotations

from typing import Final

DELAYS: Final = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 28_800.0)
"""Seconds after each failed try: eleven tries over a day, with a fifth more or less each time."""
_SPREAD: Final = 0.2
LONGEST_PAUSE: Final = 86_400.0
"""Seconds of a Retry-After that are believed."""


def next_delay(tries: int, asked: float | None, draw: float) -> float | None:
    """Seconds until the next try after so many; None when there is none any more.

    ``asked`` is what the receiver asked for, ``draw`` from 0 to 1 spreads the tries of many deliveries that failed together.
    """
    if tries > len(DELAYS):
        return None
    delay = DELAYS[tries - 1] * (1 + _SPREAD * (2 * draw - 1))
    return max(delay, min(asked or 0.0, LONGEST_PAUSE))
