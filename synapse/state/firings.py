"""What is due, and what is done about it: once for each due time, however many look.

A due time is taken in one transaction: the schedule's row says that it is still the one to be done about, the history says that nothing
was done about it before, and the run's begin and the next due time are written with it. Who comes second finds another due time, or
waits for nothing: a row that somebody holds is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from synapse.contracts.principal import Tenant
from synapse.contracts.schedule import Firing, FiringOutcome, Overlap, Schedule
from synapse.contracts.webhook import WebhookEvent
from synapse.errors import Conflict
from synapse.state import outbox
from synapse.state.driver import Driver, Session
from synapse.state.lifecycle import Lifecycle, NewRun
from synapse.state.records import Hint
from synapse.state.schedules import COLUMNS, FIRING_COLUMNS, Schedules, due_values
from synapse.workflows.program import Program

KEPT: Final = 1000
"""Rows of a schedule's history."""
DUE = f"SELECT {{now}}, {COLUMNS} FROM schedule WHERE fire_at <= {{now}} ORDER BY fire_at LIMIT :limit"
# The version: who changes a schedule at this very moment has the firing look at it again.
MINE = "SELECT last_run FROM schedule WHERE id = :id AND due = :was AND updated_at = :version AND fire_at IS NOT NULL{lock}"
OPEN = "SELECT 1 FROM run WHERE id = :run AND state = 'running'"
NOTE = f"""INSERT INTO firing (schedule, {FIRING_COLUMNS}) VALUES (:id, {{due}}, :until, :outcome, :manual, :code, :detail, {{now}}, :run)
ON CONFLICT DO NOTHING RETURNING {FIRING_COLUMNS}"""
ADVANCE = "UPDATE schedule SET due = :due, fire_at = :fire_at, last_due = :was, last_run = coalesce(:run, last_run) WHERE id = :id"
BEGAN = "UPDATE schedule SET last_run = :run WHERE id = :id AND tenant = :tenant RETURNING id"
PRUNE = """DELETE FROM firing WHERE schedule = :id
AND due < (SELECT due FROM firing WHERE schedule = :id ORDER BY due DESC LIMIT 1 OFFSET :kept)"""


@dataclass(frozen=True)
class Due:
    """A schedule whose due time has come."""

    tenant: Tenant
    schedule: Schedule
    due: datetime
    now: datetime


@dataclass(frozen=True)
class Verdict:
    """What becomes of a due time, or of all up to ``until``."""

    outcome: FiringOutcome
    code: str | None = None
    detail: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Settled:
    """What became of it, and the messages to send."""

    outcome: FiringOutcome
    code: str | None = None
    hints: tuple[Hint, ...] = ()


FIRED: Final = Verdict(FiringOutcome.FIRED)
_OVERLAP: Final = Verdict(FiringOutcome.SKIPPED, "overlap", "the run before was under way")


class Firings:
    """Takes due times. Thread-safe, and safe with any number of others on the same database."""

    def __init__(self, driver: Driver, lifecycle: Lifecycle) -> None:
        self.driver = driver
        self._lifecycle = lifecycle
        self._schedules = Schedules(driver)
        self._lock = " FOR UPDATE SKIP LOCKED" if driver.name == "postgresql" else ""

    def due(self, limit: int) -> list[Due]:
        """Schedules whose next due time has come by the database's clock, the one that waits longest first."""
        found = []
        for now, *row in self.driver.rows(DUE, {"limit": limit}):
            schedule = self._schedules.read(tuple(row))
            if schedule.next_due is not None:
                found.append(Due(Tenant(row[1]), schedule, schedule.next_due, cast(datetime, self.driver.moment(now))))
        return found

    def settle(
        self, each: Due, following: datetime | None, verdict: Verdict, begin: tuple[Program, NewRun] | None = None
    ) -> Settled | None:
        """Write down what becomes of a due time, begin the run if there is one to begin, and let the schedule wait for ``following``.

        None when somebody else did, does just now, or has changed the schedule. Raises Permanent when the run's first node cannot
        be started, and then nothing was done.
        """
        return self.driver.atomic(lambda session: self._settle(session, each, following, verdict, begin))

    def _settle(
        self, session: Session, each: Due, following: datetime | None, verdict: Verdict, begin: tuple[Program, NewRun] | None
    ) -> Settled | None:
        schedule, was = each.schedule, self.driver.stored(each.due)
        version = self.driver.stored(schedule.updated_at)
        mine = session.rows(MINE.replace("{lock}", self._lock), {"id": schedule.id, "was": was, "version": version})
        if not mine:
            return None
        if begin is not None and schedule.overlap is Overlap.SKIP and session.rows(OPEN, {"run": mine[0][0]}):
            verdict, begin = _OVERLAP, None
        run = begin[1].id if begin is not None else None
        noted = session.rows(NOTE.replace("{due}", ":due"), {"due": was, **self._values(schedule.id, verdict, run)})
        settled = None
        if noted and verdict.outcome is FiringOutcome.REFUSED:
            data = {"schedule": schedule.id, "code": verdict.code}
            outbox.happened(session, each.tenant, WebhookEvent.SCHEDULE_REFUSED, f"{schedule.id}:{each.due.isoformat()}", data)
        if noted:
            begun = self._lifecycle.begin_in(session, *begin) if begin is not None else None
            settled = Settled(verdict.outcome, verdict.code, begun.hints if begun is not None else ())
        next_due = due_values(self.driver, schedule.id, schedule, following)
        last = self.driver.stored(verdict.until or each.due)
        session.rows(ADVANCE, {**next_due, "was": last, "run": run, "id": schedule.id})
        session.rows(PRUNE, {"id": schedule.id, "kept": KEPT})
        return settled

    def trigger(self, tenant: Tenant, schedule: Schedule, program: Program, new: NewRun) -> tuple[Firing, tuple[Hint, ...]]:
        """Begin a run now, whatever is due and also while it is paused.

        Raises NotFound when it was deleted meanwhile, Conflict when it was triggered at this very moment, Permanent as `settle`.
        """

        def work(session: Session) -> tuple[Firing, tuple[Hint, ...]]:
            if not session.rows(BEGAN, {"run": new.id, "id": schedule.id, "tenant": tenant}):
                self._schedules.get(tenant, schedule.id)
            noted = session.rows(NOTE.replace("{due}", "{now}"), self._values(schedule.id, FIRED, new.id, manual=True))
            if not noted:
                raise Conflict("it was triggered at this very moment", remedy="look at its history")
            hints = self._lifecycle.begin_in(session, program, new).hints
            return self._schedules.firing((*noted[0], "running")), hints

        return self.driver.atomic(work)

    def _values(self, identifier: str, verdict: Verdict, run: str | None, *, manual: bool = False) -> dict[str, Any]:
        return {
            "id": identifier,
            "until": self.driver.stored(verdict.until),
            "outcome": verdict.outcome.value,
            "manual": manual,
            "code": verdict.code,
            "detail": verdict.detail,
            "run": run,
        }
