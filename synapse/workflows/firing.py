"""What a due time comes to, given how late it is looked at: pure, so that every scheduler decides alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from synapse.contracts.schedule import CatchUp, ScheduleRequest
from synapse.workflows.timetable import Timetable

GRACE: Final = timedelta(minutes=1)
"""A due time that is looked at later than this was missed. The longest silence between two holders of the housekeeping is below it."""
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Fire:
    """A run is begun for ``due``; ``following`` is due next."""

    due: datetime
    following: datetime | None


@dataclass(frozen=True)
class Miss:
    """Nothing is begun for what was due from ``due`` to ``until``."""

    due: datetime
    until: datetime
    following: datetime | None


def decide(timetable: Timetable, policy: ScheduleRequest, due: datetime, now: datetime) -> Fire | Miss:
    """What to do about the oldest due time that nothing was done about. It has come, with its jitter."""
    fire = Fire(due, timetable.after(due))
    in_time = now - GRACE - timedelta(seconds=policy.jitter_seconds)
    if due >= in_time:
        return fire
    late = in_time - _TICK
    last = timetable.latest(late, 1, due)[0]
    if policy.catch_up is CatchUp.NONE or (policy.catch_up is CatchUp.LATEST and timetable.latest(now, 1, due)[0] > last):
        return Miss(due, last, timetable.after(last))
    caught_up = timetable.latest(late, policy.catch_up_limit if policy.catch_up is CatchUp.ALL else 1, due)[0]
    if caught_up == due:
        return fire
    return Miss(due, timetable.latest(caught_up - _TICK, 1, due)[0], caught_up)
