"""Fires what is due: a duty of the housekeeping, and as safe when several processes do it at once."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

import structlog

from synapse.contracts.principal import Principal, Scope
from synapse.contracts.schedule import FiringOutcome
from synapse.engine.runtime import Runtime
from synapse.errors import SynapseError, Unavailable
from synapse.faults import reach
from synapse.service.room import check_room
from synapse.service.runs import Runs
from synapse.state.firings import FIRED, Due, Settled, Verdict
from synapse.state.lifecycle import NewRun
from synapse.telemetry import metrics
from synapse.workflows.firing import Fire, decide
from synapse.workflows.program import Program
from synapse.workflows.timetable import Timetable, jitter

_log = structlog.get_logger(__name__)

BATCH: Final = 100
"""Due times of one look. The housekeeping has other duties, too; what is left is the next look's."""
_RUNS: Final = uuid.UUID("3a4e9d1c-52a8-4f0b-9a47-6d6f2d0d5a11")


class Scheduler:
    """Looks once each time it is called. Needs no state of its own."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def __call__(self) -> int:
        """Do about everything that is due what is to be done, a bounded number; how many that were. Raises Unavailable."""
        seen: set[tuple[str, datetime]] = set()
        while len(seen) < BATCH:
            # What is due may have been due several times, and each time is taken by itself.
            found = [each for each in self.runtime.database.firings.due(BATCH) if (each.schedule.id, each.due) not in seen]
            if not found:
                break
            for each in found:
                seen.add((each.schedule.id, each.due))
                self._one_of_many(each)
        return len(seen)

    def close(self) -> None:
        """Nothing is open."""

    def _one_of_many(self, each: Due) -> None:
        try:
            self._one(each)
        except Unavailable:
            raise
        except Exception:
            # Such as a time zone that this machine does not know: another one may, and other schedules do not wait for it.
            _log.exception("schedule.error", schedule=each.schedule.id)

    def _one(self, each: Due) -> None:
        schedule = each.schedule
        decision = decide(Timetable.of(schedule, schedule.created_at), schedule, each.due, each.now)
        if not isinstance(decision, Fire):
            verdict = Verdict(FiringOutcome.SKIPPED, "missed", until=decision.until if decision.until > each.due else None)
            self._note(each, self.runtime.database.firings.settle(each, decision.following, verdict))
            return
        runs = Runs(self.runtime, Principal(each.tenant, f"schedule {schedule.id}", frozenset({Scope.RUNS_WRITE})))
        reach("before-submit", "schedule")
        try:
            begin = self._begin(each, runs)
            settled = self.runtime.database.firings.settle(each, decision.following, FIRED, begin)
        except Unavailable:
            raise
        except Exception as error:
            # Whatever is wrong with one schedule, the others are fired, and this one is not tried every second for ever.
            settled = self.runtime.database.firings.settle(each, decision.following, _refused(error))
        reach("in-submit", "schedule")
        self._note(each, settled)
        if settled is not None:
            runs.send(settled.hints)

    def _begin(self, each: Due, runs: Runs) -> tuple[Program, NewRun]:
        check_room(self.runtime, each.tenant, None)
        # Of a name that follows from the due time: whoever begins it begins the same run.
        run = uuid.uuid5(_RUNS, f"{each.schedule.id} {each.due.isoformat()}")
        return runs.prepare(each.schedule.run, run=str(run))

    def _note(self, each: Due, settled: Settled | None) -> None:
        if settled is None:
            return
        outcome = settled.code if settled.code in ("missed", "overlap") else settled.outcome.value
        metrics.SCHEDULE_FIRINGS.labels(outcome).inc()
        if settled.outcome is FiringOutcome.FIRED:
            late = each.now - each.due - jitter(each.schedule.id, each.due, each.schedule.jitter_seconds)
            metrics.SCHEDULE_LATENESS_SECONDS.observe(max(0.0, late / timedelta(seconds=1)))
        else:
            _log.warning("schedule.not_fired", schedule=each.schedule.id, due=each.due.isoformat(), why=settled.code)


def _refused(error: Exception) -> Verdict:
    if isinstance(error, SynapseError):
        return Verdict(FiringOutcome.REFUSED, error.code, str(error)[:500])
    _log.exception("schedule.error")
    return Verdict(FiringOutcome.REFUSED, "internal", f"{type(error).__name__}: {error}"[:500])
