"""What each page of a run may have of the bytes that the run may take.

Pages are read at the same time on different machines, which cannot ask each other what is left. So the run's bytes are divided before
any page is read: what is never handed out twice cannot be overdrawn.
"""

from __future__ import annotations

from typing import NamedTuple


class Ration(NamedTuple):
    """Bytes that each page may have, and bytes that stay for a later look."""

    each: int
    left: int


def rationed(budget: int, pages: int, *, later: int = 0) -> Ration:
    """Equal shares for ``pages`` pages, with as many set aside for each of ``later`` pages that may still follow.

    ``pages * each + left == budget``; nothing is lost to rounding.
    """
    each = budget // max(1, pages + later)
    return Ration(each, budget - pages * each)
