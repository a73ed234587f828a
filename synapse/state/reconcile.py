"""The sweep that repairs what a crash left: lost messages, silent workers, due timers, passed deadlines; and ends waits in time.

Each finding is its own transaction, so that two sweeps at once, or one that dies half-way, do no harm.
"""

from __future__ import annotations

import structlog

from synapse.contracts.run import Failure
from synapse.errors import Unavailable
from synapse.state.definitions import Definitions
from synapse.state.driver import Session
from synapse.state.ledger import Ledger
from synapse.state.lifecycle import Lifecycle
from synapse.state.records import Hint, Note, Sweep
from synapse.workflows.program import decode_index, place

_log = structlog.get_logger(__name__)
BATCH = 500
# A hint that waits in a long queue is not lost: each round of doubt doubles the patience, up to 64-fold.
UNTAKEN = """UPDATE step SET due = {patience}, hints = hints + 1
WHERE (run, node, idx) IN (SELECT run, node, idx FROM step WHERE state = 'ready' AND due < {now} ORDER BY due LIMIT :batch{skip})
RETURNING run, node, idx, agent"""
DUE = """UPDATE step SET state = 'ready', due = {in:grace}
WHERE (run, node, idx) IN (SELECT run, node, idx FROM step WHERE state = 'waiting' AND due < {now} ORDER BY due LIMIT :batch{skip})
RETURNING run, node, idx, agent"""
SILENT = """SELECT run, node, idx, attempt, lost FROM step WHERE state = 'running' AND due < {now} ORDER BY due LIMIT :batch"""
RELEASE = """UPDATE step SET state = 'ready', lost = lost + 1, due = {in:grace}
WHERE run = :run AND node = :node AND idx = :idx"""
MINE = """SELECT agent FROM step WHERE run = :run AND node = :node AND idx = :idx AND attempt = :attempt AND state = 'running'
AND due < {now}{lock}"""
# What the end of a run could not put to rest, because somebody held it at that moment.
ENDED = """UPDATE step SET due = NULL WHERE (run, node, idx) IN
(SELECT step.run, step.node, step.idx FROM step JOIN run ON run.id = step.run
WHERE step.due < {now} AND step.state IN ('ready', 'waiting', 'parked', 'running') AND run.state <> 'running' LIMIT :batch{skip})"""
LATE = "SELECT id FROM run WHERE finished_at IS NULL AND state = 'running' AND deadline < {now} LIMIT :batch"
ABOUT = "SELECT digest, traceparent, priority FROM run WHERE id = :run"


class Reconciler:
    """Sweeps one database. Idempotent: what it makes ready carries no promise but that somebody will try it."""

    def __init__(self, ledger: Ledger, lifecycle: Lifecycle, definitions: Definitions) -> None:
        self.ledger = ledger
        self.definitions = definitions
        self.lifecycle = lifecycle
        self.driver = ledger.driver
        postgres = self.driver.name == "postgresql"
        self._skip = " FOR UPDATE SKIP LOCKED" if postgres else ""
        self._lock = " FOR UPDATE" if postgres else ""
        self._patience = (
            "now() + make_interval(secs => :grace * power(2, least(hints, 6)))" if postgres else "{now} + :grace * (1 << min(hints, 6))"
        )

    def sweep(self) -> Sweep:
        """Look once. The hints it returns are to be published."""
        late = self.driver.rows(LATE, {"batch": BATCH})
        deadlines = sum(self.lifecycle.expire(run) for (run,) in late)
        self.driver.rows(ENDED.replace("{skip}", self._skip.replace("UPDATE", "UPDATE OF step")), {"batch": BATCH})
        expired, given_up = self._silent()
        parameters = {"grace": self.ledger.writes.grace, "batch": BATCH}
        untaken = self.driver.rows(UNTAKEN.replace("{patience}", self._patience).replace("{skip}", self._skip), parameters)
        due = self.driver.rows(DUE.replace("{skip}", self._skip), parameters)
        led_to, waits = self._waits()
        hints = [*expired, *self._hints([*untaken, *due]), *led_to]
        return Sweep(tuple(hints), len(untaken), len(due), len(expired), given_up, deadlines, waits)

    def _waits(self) -> tuple[list[Hint], int]:
        hints: list[Hint] = []
        ended = 0
        for run, node, idx, digest in self.ledger.waits.overdue(BATCH):
            try:
                program = self.definitions.program(digest)
            except Unavailable:
                raise
            except Exception as error:  # a version that can read it will come by; meanwhile the others must not wait for it
                _log.warning("wait.unreadable", run=run, node=node, error=str(error)[:500])
                self.ledger.waits.put_off(run, node, idx)
                continue
            outcome = self.ledger.waits.fire(program, run, node, decode_index(idx))
            hints += outcome.hints
            ended += outcome.recorded
        return hints, ended

    def _silent(self) -> tuple[list[Hint], int]:
        hints: list[Hint] = []
        given_up = 0
        for run, node, idx, attempt, lost in self.driver.rows(SILENT, {"batch": BATCH}):
            key = {"run": run, "node": node, "idx": idx, "attempt": attempt}
            if lost + 1 > self.ledger.max_lost:
                given_up += self.driver.atomic(lambda session, key=key: self._give_up(session, key))  # type: ignore[misc] # bound now
            else:
                agent = self.driver.atomic(lambda session, key=key: self._release(session, key))  # type: ignore[misc] # bound now
                hints.extend(self._hints([(run, node, idx, agent)]) if agent else [])
        return hints, given_up

    def _release(self, session: Session, key: dict[str, object]) -> str | None:
        found = session.rows(MINE.replace("{lock}", self._lock), key)
        last = self.ledger.writes.count(session, str(key["run"]), 1) if found else None
        if last is None:
            return None
        session.rows(RELEASE, {**key, "grace": self.ledger.writes.grace})
        at = place(str(key["node"]), decode_index(str(key["idx"])))
        agent = str(found[0][0])
        note = Note("status_update", "step.lost", at, agent, int(str(key["attempt"])), {"reason": "its worker fell silent"})
        self.ledger.writes.note(session, str(key["run"]), last, [note])
        return agent

    def _give_up(self, session: Session, key: dict[str, object]) -> bool:
        found = session.rows(MINE.replace("{lock}", self._lock), key)
        last = self.ledger.writes.count(session, str(key["run"]), 2) if found else None
        if last is None:
            return False
        message = f"lost its worker {self.ledger.max_lost + 1} times; the step itself may be what kills it"
        self.ledger.fail_step(session, key, str(found[0][0]), Failure(code="worker-lost", message=message), last)
        return True

    def _hints(self, rows: list[tuple[str, str, str, str]]) -> list[Hint]:
        about = {run: self.driver.rows(ABOUT, {"run": run})[0] for run in {row[0] for row in rows}}
        return [Hint(run, place(node, decode_index(idx)), agent, *about[run]) for run, node, idx, agent in rows]
