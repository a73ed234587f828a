"""Runs begin, are cancelled and are resumed: each one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synapse.contracts.principal import DEFAULT_TENANT, Tenant
from synapse.contracts.run import DEFAULT_PRIORITY, Failure
from synapse.errors import Conflict, NotFound
from synapse.state import outbox
from synapse.state.driver import Session
from synapse.state.ledger import Ledger, hints_of
from synapse.state.records import Hint, Note
from synapse.state.text import dumps
from synapse.state.waits import began
from synapse.state.words import ADD, stored, words_of
from synapse.workflows.advance import Opening, Start, after, opening
from synapse.workflows.definition import to_data
from synapse.workflows.program import Program, decode_index, place
from synapse.workflows.values import Rows

ADD_WORKFLOW = """INSERT INTO workflow (digest, name, body, created_at) VALUES (:digest, :name, {json:body}, {now})
ON CONFLICT (digest) DO NOTHING"""
ADD_RUN = """INSERT INTO run
(id, workflow, digest, state, input, seq, position, created_at, deadline, timeout, tenant, idempotency_key, fingerprint, traceparent,
 priority, labels)
VALUES (:run, :workflow, :digest, 'running', {json:input}, 1, {position}, {now}, {in:timeout}, :timeout,
 :tenant, :key, :fingerprint, :traceparent, :priority, {json:labels})
ON CONFLICT DO NOTHING RETURNING id"""
# By its id, too: a commit in doubt is tried again, and may have been done.
BY_KEY = "SELECT id, fingerprint FROM run WHERE tenant = :tenant AND (idempotency_key = :key OR id = :run)"
STOP = """UPDATE run SET state = :state, seq = seq + 1, position = {later}, finished_at = {now}, error = {json:error}
WHERE id = :run AND state = 'running' RETURNING seq"""
# Back to ready with the fence as it is: a worker that is still at it finds that it holds nothing. As with `REST`, what is
# locked is left to the sweep.
RELEASE = """UPDATE step SET state = CASE WHEN state = 'parked' THEN 'parked' ELSE 'ready' END, due = NULL WHERE (run, node, idx) IN
(SELECT run, node, idx FROM step WHERE run = :run AND state IN ('ready', 'running', 'waiting', 'parked'){skip})"""
STATE = "SELECT state, timeout FROM run WHERE id = :run{lock}"
REOPEN_STEPS = """UPDATE step SET state = 'ready', due = {in:grace}, failures = 0, lost = 0, hints = 0, error = NULL, finished_at = NULL
WHERE run = :run AND wait IS NULL AND state IN ('failed', 'running', 'waiting', 'ready') RETURNING node, idx, agent"""
REOPEN_RUN = """UPDATE run
SET state = 'running', seq = seq + 1, position = {later}, finished_at = NULL, error = NULL, deadline = {in:timeout}
WHERE id = :run RETURNING seq, traceparent, priority"""


@dataclass(frozen=True)
class NewRun:
    """What a run starts from. ``fingerprint`` is the sha256 of the request, to tell a repeated one from another one."""

    id: str
    input: dict[str, Any]
    timeout: float
    idempotency_key: str | None = None
    fingerprint: str | None = None
    traceparent: str | None = None
    tenant: Tenant = DEFAULT_TENANT
    priority: int = DEFAULT_PRIORITY
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Begun:
    """The run's id, whether it is new, and the messages to send for it."""

    run: str
    created: bool
    hints: tuple[Hint, ...] = ()


class Lifecycle:
    """Starts and stops runs in the ledger's database."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.driver = ledger.driver
        self._lock = " FOR UPDATE" if self.driver.name == "postgresql" else ""

    def begin(self, program: Program, new: NewRun) -> Begun:
        """Write the run and its first steps; the same idempotency key gives the same run again.

        Raises Conflict when the key was used for another request, Permanent when the first node cannot be started.
        """
        made, ended = self._open_root(program, new)
        return self.driver.atomic(lambda session: self._begin(session, program, new, made, ended))

    def begin_in(self, session: Session, program: Program, new: NewRun) -> Begun:
        """As `begin`, in the caller's transaction."""
        made, ended = self._open_root(program, new)
        return self._begin(session, program, new, made, ended)

    @staticmethod
    def _open_root(program: Program, new: NewRun) -> tuple[Opening, bool]:
        way, made = Start(program.root, ()), Opening()
        made = opening(program, way.node, way.index, Rows(), new.input)
        return made, made.done and not isinstance(after(way.node, way.index), Start)

    def _begin(self, session: Session, program: Program, new: NewRun, made: Opening, ended: bool) -> Begun:
        workflow = program.workflow
        session.rows(ADD_WORKFLOW, workflow_parameters(program))
        if not session.rows(ADD_RUN, run_parameters(program, new)):
            run, fingerprint = session.rows(BY_KEY, {"tenant": new.tenant, "key": new.idempotency_key, "run": new.id})[0]
            if fingerprint != new.fingerprint:
                raise Conflict("the idempotency key was used for another request", field="Idempotency-Key", remedy="use a new key")
            return Begun(run, created=False)
        if found := words_of(new.input):
            session.rows(ADD[self.driver.name], {"run": new.id, "words": stored(self.driver.name, found)})
        self.ledger.writes.open(session, new.id, made)
        notes = [Note("task_assign", "run.created", data=created(workflow.name, made))]
        if made.waits:
            self.ledger.waits.begin(session, new.id, made.waits, fresh=True)
            self.ledger.writes.count(session, new.id, len(made.waits))
            notes += [began(wait) for wait in made.waits]
        self.ledger.writes.note(session, new.id, len(notes), notes)
        if ended:
            last = self.ledger.writes.count(session, new.id, 1) or 2
            self.ledger.end_run(session, new.id, "succeeded", None)
            self.ledger.writes.note(session, new.id, last, [Note("status_update", "run.succeeded")])
        return Begun(new.id, created=True, hints=hints_of(program, new.id, made.steps, new.traceparent, new.priority))

    def cancel(self, run: str, reason: str) -> bool:
        """Stop the run: nothing of it starts any more, late results are refused. False when it had ended already.

        Raises NotFound.
        """
        failure = Failure(code="cancelled", message=reason)
        return self.driver.atomic(lambda session: self._stop(session, run, "cancelled", failure))

    def expire(self, run: str) -> bool:
        """Fail a run whose deadline has passed. False when it had ended already."""
        failure = Failure(code="deadline", message="the run's deadline passed")
        return self.driver.atomic(lambda session: self._stop(session, run, "failed", failure))

    def _stop(self, session: Session, run: str, state: str, failure: Failure) -> bool:
        found = session.rows(STOP, {"run": run, "state": state, "error": failure.model_dump_json()})
        if not found:
            self._state(session, run)
            return False
        outbox.run_ended(session, run, state, failure)
        session.rows(RELEASE.replace("{skip}", self.ledger.skip), {"run": run})
        note = Note("status_update", f"run.{state}", data={"error": failure.model_dump()})
        self.ledger.writes.note(session, run, found[0][0], [note])
        return True

    def resume(self, program: Program, run: str) -> tuple[Hint, ...]:
        """Go on from the last good steps: what failed or was under way becomes ready again, with fresh tries and time;
        what waited waits anew.

        Raises NotFound, and Conflict when the run is running or has succeeded.
        """
        return self.driver.atomic(lambda session: self._resume(session, program, run))

    def _resume(self, session: Session, program: Program, run: str) -> tuple[Hint, ...]:
        state, timeout = self._state(session, run, self._lock)
        if state in ("running", "succeeded"):
            raise Conflict(f"the run is {state}", remedy="only a failed or cancelled run can be resumed")
        reopened = session.rows(REOPEN_STEPS, {"run": run, "grace": self.ledger.writes.grace})
        waiting = self.ledger.waits.begin_again(session, program, run)
        if not reopened and not waiting:
            raise Conflict("the run has no step to go on from", remedy="submit it again")
        seq, traceparent, priority = session.rows(REOPEN_RUN, {"run": run, "timeout": timeout})[0]
        places = [place(node, decode_index(idx)) for node, idx, _ in reopened]
        notes = [Note("task_assign", "run.resumed", data={"next": places}), *waiting]
        last = (self.ledger.writes.count(session, run, len(waiting)) or seq) if waiting else seq
        self.ledger.writes.note(session, run, last, notes)
        return tuple(
            Hint(run, at, agent, program.digest, traceparent, priority) for at, (_, _, agent) in zip(places, reopened, strict=True)
        )

    @staticmethod
    def _state(session: Session, run: str, lock: str = "") -> tuple[str, float]:
        found = session.rows(STATE.replace("{lock}", lock), {"run": run})
        if not found:
            raise NotFound(f"there is no run {run!r}")
        return found[0][0], found[0][1]


def workflow_parameters(program: Program) -> dict[str, Any]:
    """A definition's columns as parameters."""
    return {"digest": program.digest, "name": program.workflow.name, "body": dumps(to_data(program.workflow))}


def run_parameters(program: Program, new: NewRun) -> dict[str, Any]:
    """A new run's columns as parameters."""
    return {
        "run": new.id,
        "workflow": program.workflow.name,
        "digest": program.digest,
        "input": dumps(new.input),
        "timeout": new.timeout,
        "tenant": new.tenant,
        "key": new.idempotency_key,
        "fingerprint": new.fingerprint,
        "traceparent": new.traceparent,
        "priority": new.priority,
        "labels": dumps(new.labels),
    }


def created(workflow: str, made: Opening) -> dict[str, Any]:
    """What the event of a new run says."""
    return {"workflow": workflow, "next": [place(step.node.key, step.index) for step in made.steps]}
