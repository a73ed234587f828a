"""Schedules: made, changed, looked at, paused, triggered."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from synapse.contracts.principal import Principal
from synapse.contracts.schedule import DueTimes, Firing, FiringPage, Schedule, ScheduleList, ScheduleRequest, Timing
from synapse.engine.runtime import Runtime
from synapse.errors import InvalidInput, NotFound, TooManySchedules
from synapse.faults import reach
from synapse.service.room import check_room
from synapse.service.runs import Runs
from synapse.state.schedules import Schedules
from synapse.workflows.timetable import Timetable, next_times


class ScheduleDesk:
    """What the caller may do about the schedules of its tenant; another tenant's are like none. Blocks on the database."""

    def __init__(self, runtime: Runtime, principal: Principal) -> None:
        self.runtime = runtime
        self.principal = principal
        self.tenant = principal.tenant
        self._runs = Runs(runtime, principal)

    def create(self, request: ScheduleRequest) -> Schedule:
        """A new schedule. Raises InvalidInput or NotFound naming the field, Conflict for a name that there is, TooManySchedules."""
        most = self.runtime.tenants.tenant_max_schedules
        if most is not None and self._schedules.count(self.tenant) >= most:
            raise TooManySchedules(
                f"there are {most} schedules",
                field="SYNAPSE_TENANT_MAX_SCHEDULES",
                remedy="delete one, or have the operator raise the limit",
            )
        request, due = self._checked(request, self._schedules.now())
        return self._schedules.add(self.tenant, str(uuid.uuid4()), request, due, by=self.principal.name)

    def list(self) -> ScheduleList:
        """The tenant's, by name; the first thousand."""
        return ScheduleList(schedules=self._schedules.list(self.tenant))

    def get(self, schedule: str) -> Schedule:
        """One schedule. Raises NotFound."""
        return self._schedules.get(self.tenant, schedule)

    def replace(self, schedule: str, request: ScheduleRequest) -> Schedule:
        """Have it be another one from now on: what is due is counted anew. Raises as `create`, and NotFound."""
        self.get(schedule)
        request, due = self._checked(request, self._schedules.now())
        return self._schedules.replace(self.tenant, schedule, request, due)

    def pause(self, schedule: str) -> Schedule:
        """Nothing is due until it is resumed. Repeating this changes nothing. Raises NotFound."""
        return self._paused(schedule, True)

    def resume(self, schedule: str) -> Schedule:
        """What is due from now on is fired again; what was due meanwhile is not. Repeating this changes nothing. Raises NotFound."""
        return self._paused(schedule, False)

    def _paused(self, schedule: str, paused: bool) -> Schedule:
        found = self.get(schedule)
        if found.paused is paused:
            return found
        request = _request(found).model_copy(update={"paused": paused})
        now = self._schedules.now()
        due = None if paused else Timetable.of(request, now).after(now)
        return self._schedules.replace(self.tenant, schedule, request, due)

    def delete(self, schedule: str) -> None:
        """Forget it and its history; runs under way go on. Raises NotFound."""
        self._schedules.drop(self.tenant, schedule)

    def trigger(self, schedule: str) -> Firing:
        """Begin a run of it now, also while it is paused or its last run is under way.

        Raises NotFound, LimitReached, and InvalidInput when what it begins can be begun no more.
        """
        found = self.get(schedule)
        check_room(self.runtime, self.tenant, None)
        with _within_run():
            program, new = self._runs.prepare(found.run)
        firing, hints = self.runtime.database.firings.trigger(self.tenant, found, program, new)
        reach("in-submit", "schedule")
        self._runs.send(hints)
        return firing

    def next(self, schedule: str, count: int) -> DueTimes:
        """What is due next, were it not paused. Raises NotFound."""
        return self.preview(self.get(schedule), count)

    def preview(self, timing: Timing, count: int) -> DueTimes:
        """What would be due next. Raises InvalidInput naming the field."""
        now = self._schedules.now()
        timetable = Timetable.of(timing, now)
        times = next_times(timetable, now, count)
        return DueTimes(times=tuple(times), local=tuple(map(timetable.local, times)))

    def history(self, schedule: str, *, limit: int = 50, cursor: str | None = None) -> FiringPage:
        """A page of what became of its due times, newest first. Raises NotFound, InvalidInput for a cursor that no page gave."""
        return self._schedules.history(self.tenant, schedule, limit=limit, cursor=cursor)

    @property
    def _schedules(self) -> Schedules:
        return self.runtime.database.schedules

    def _checked(self, request: ScheduleRequest, now: datetime) -> tuple[ScheduleRequest, datetime | None]:
        """The request as it is kept, and what is due first. Raises InvalidInput, NotFound."""
        if request.every_seconds is not None and request.anchor is None:
            request = request.model_copy(update={"anchor": now.replace(microsecond=0)})
        due = Timetable.of(request, now).after(now)
        if due is None:
            raise InvalidInput("is never due", field="end_at" if request.end_at is not None else "cron")
        with _within_run():
            self._runs.prepare(request.run)
        return request, None if request.paused else due


def _request(schedule: Schedule) -> ScheduleRequest:
    return ScheduleRequest.model_validate(schedule.model_dump(include=set(ScheduleRequest.model_fields)))


@contextmanager
def _within_run() -> Iterator[None]:
    """Faults of what is begun name the field as it is in the schedule."""
    try:
        yield
    except (InvalidInput, NotFound) as error:
        error.field = f"run.{error.field}" if error.field else "run"
        raise
