"""When a schedule is due: pure arithmetic of cron expressions, intervals and time zones. Moments go in and come out in UTC.

An expression names times by the clock on the wall. Where clocks skip an hour and it names a time within (``30 2 * * *``), that day is due
once, when they go on; where an hour comes twice, the first one counts. One whose minute or hour begins with a star means every so
often and goes by the time that passes: hours that come twice are both due, and what is skipped is not. These are the rules of Debian's
cron, and cronsim has them. An interval is the same number of seconds whatever clocks show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from synapse.contracts.schedule import Timing
from synapse.errors import InvalidInput

_TICK: Final = timedelta(microseconds=1)
_FIELDS: Final = 5
_FIRST_LOOK: Final = timedelta(minutes=1)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Timetable:
    """Due times, by a cron expression or an interval, from ``start`` to ``end``, both included."""

    zone: ZoneInfo
    cron: str | None = None
    every: timedelta = timedelta(days=1)
    anchor: datetime = _EARLIEST
    start: datetime = _EARLIEST
    end: datetime = _LATEST

    @classmethod
    def of(cls, timing: Timing, now: datetime) -> Timetable:
        """That of a timing; an interval without an anchor is counted from ``now``. Raises InvalidInput naming the field."""
        if (timing.cron is None) == (timing.every_seconds is None):
            raise InvalidInput("a schedule has either a cron expression or an interval", field="cron", remedy="give cron or every_seconds")
        if timing.anchor is not None and timing.every_seconds is None:
            raise InvalidInput("only an interval has an anchor", field="anchor")
        if timing.anchor is not None and not _EARLIEST <= timing.anchor <= _LATEST:
            raise InvalidInput("too far away", field="anchor")
        # What lies further away than this is beyond what dates can be reckoned with.
        start, end = max(timing.start_at or _EARLIEST, _EARLIEST), min(timing.end_at or _LATEST, _LATEST)
        if end < start:
            raise InvalidInput("the end is before the start, or too far away", field="end_at")
        _check(timing.cron)
        every = timedelta(seconds=timing.every_seconds or 1)
        anchor = (timing.anchor or now).astimezone(UTC)
        return cls(_zone(timing.time_zone), timing.cron, every, anchor, start.astimezone(UTC), end.astimezone(UTC))

    def after(self, moment: datetime) -> datetime | None:
        """The first due time after ``moment``; None when there is none any more."""
        return next(self.upcoming(moment), None)

    def upcoming(self, moment: datetime) -> Iterator[datetime]:
        """Every due time after ``moment``, in order, each once."""
        last = max(moment.astimezone(UTC), self.start - _TICK)
        for due in self._by_cron(self.cron, last) if self.cron is not None else self._by_interval(last):
            if due > self.end:
                return
            # Begun in the second pass of an hour that comes twice, cronsim names times of the first.
            if due > last:
                last = due
                yield due

    def latest(self, until: datetime, count: int, since: datetime) -> list[datetime]:
        """The last ``count`` due times from ``since`` to ``until``, both included, in order."""
        look = _FIRST_LOOK
        while True:
            # Backwards cronsim has other rules where clocks change: forwards, from twice as far back each time, until enough is found.
            begin = max(since, until - look)
            found = [*self._between(begin, until)]
            if len(found) >= count or begin <= since:
                return found[-count:]
            look *= 2

    def _between(self, begin: datetime, until: datetime) -> Iterator[datetime]:
        for due in self.upcoming(begin - _TICK):
            if due > until:
                return
            yield due

    def local(self, due: datetime) -> str:
        """The moment as the clocks of the time zone show it."""
        return due.astimezone(self.zone).isoformat()

    def _by_cron(self, cron: str, last: datetime) -> Iterator[datetime]:
        for due in CronSim(cron, last.astimezone(self.zone)):
            yield due.astimezone(UTC)

    def _by_interval(self, last: datetime) -> Iterator[datetime]:
        count = (last - self.anchor) // self.every + 1
        while True:
            yield self.anchor + count * self.every
            count += 1


def jitter(schedule: str, due: datetime, most: float) -> timedelta:
    """How much later than due a run begins, below ``most`` seconds: the same for everybody who asks."""
    digest = hashlib.sha256(f"{schedule} {due.astimezone(UTC).isoformat()}".encode()).digest()
    return timedelta(seconds=int(most * 1000 * int.from_bytes(digest[:4], "big") / 2**32) / 1000)


def next_times(timetable: Timetable, moment: datetime, count: int) -> list[datetime]:
    """The next ``count`` due times, fewer when there are no more."""
    return list(islice(timetable.upcoming(moment), count))


def _check(cron: str | None) -> None:
    if cron is None:
        return
    try:
        if len(cron.split()) != _FIELDS:  # a sixth would be seconds, for which cronsim has other rules
            raise CronSimError("wrong number of fields")
        CronSim(cron, _EARLIEST)
    except CronSimError as error:
        remedy = "five fields: minute, hour, day of the month, month, day of the week"
        raise InvalidInput(f"no cron expression: {str(error).lower()}", field="cron", remedy=remedy) from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInput(f"there is no time zone {name[:64]!r}", field="time_zone", remedy="an IANA name, e.g. Europe/Berlin") from error
