"""Steps that wait without a message.

A waiting step is a row of the state `parked`, due when its time is over. Who ends it, the sweep or a signal, locks it, looks whether it
still waits and goes on in the same transaction as a completion does: the first one wins, the other finds nothing. A signal that came
before its step is there when the wait begins (`synapse.state.signals`), and the step takes it then.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from synapse.contracts.run import Failure
from synapse.errors import Permanent
from synapse.state.driver import Driver, Session
from synapse.state.packing import Packer
from synapse.state.records import STALE, Attempt, Note, Outcome
from synapse.state.text import dumps
from synapse.state.writes import Writes
from synapse.workflows.advance import Arrive, Finish, NewWait, Start, after, after_skip
from synapse.workflows.program import Index, Node, Program, decode_index, encode_index, place
from synapse.workflows.values import Rows, document, fetches
from synapse.workflows.waits import Answer, Ended, PlannedWait, answered, fired, kind_of

FOREVER: Final = 100 * 366 * 86400.0
"""Seconds until a step without a time-out is due: it has a due time as every open step of a running run, and nobody will see it."""

_KEY = "run = :run AND node = :node AND idx = :idx"
LOCK_PARKED = f"SELECT attempt, due FROM step WHERE {_KEY} AND state = 'parked' AND due < {{now}}{{lock}}"
ABOUT = "SELECT state, input, traceparent, priority FROM run WHERE id = :run{lock}"
ANSWER = f"UPDATE step SET state = 'succeeded', output = {{json:output}}, due = NULL, finished_at = {{now}} WHERE {_KEY}"
DROP = f"""UPDATE step SET state = 'skipped', error = {{json:error}}, failures = failures + 1, due = NULL, finished_at = {{now}}
WHERE {_KEY}"""
STOPPED = """SELECT node, idx, state, attempt, wait FROM step WHERE run = :run AND wait IS NOT NULL AND state IN ('parked', 'failed')"""
AT_ONCE = f"UPDATE step SET due = {{now}} WHERE {_KEY}"
AGAIN = f"""UPDATE step SET state = 'parked', attempt = attempt + 1, failures = 0, due = {{due}}, started_at = {{now}}, finished_at = NULL,
 error = NULL WHERE {_KEY}"""
LATER = f"UPDATE step SET due = {{in:grace}} WHERE {_KEY} AND state = 'parked'"
PENDING = "SELECT DISTINCT name, idx FROM signal WHERE run = :run AND node IS NULL"
TAKE = """UPDATE signal SET node = :node, attempt = 1 WHERE run = :run AND number =
(SELECT min(number) FROM signal WHERE run = :run AND name = :name AND idx = :idx AND node IS NULL)"""
TAKEN = f"SELECT payload, sender, at FROM signal WHERE {_KEY} AND attempt = :attempt"
OVERDUE = """SELECT step.run, step.node, step.idx, run.digest FROM step JOIN run ON run.id = step.run
WHERE step.state = 'parked' AND step.due < {now} AND run.state = 'running' ORDER BY step.due LIMIT :batch"""


class Book(Protocol):
    """What is needed of the ledger."""

    driver: Driver
    packer: Packer
    writes: Writes

    def go_on(
        self, session: Session, program: Program, attempt: Attempt, way: Start | Arrive | Finish, note: Note, last: int, *, ok: bool = True
    ) -> Outcome:
        """Follow the way from a step that has ended; ``note`` is its event, ``last`` that event's number."""

    def fail_step(
        self, session: Session, key: dict[str, Any], agent: str | None, failure: Failure, last: int, more: dict[str, Any] | None = None
    ) -> None:
        """Fail a locked step and its run."""


class Waits:
    """Waiting steps of the ledger's database."""

    def __init__(self, ledger: Book) -> None:
        self.ledger = ledger
        self.driver = ledger.driver
        self.lock = " FOR UPDATE" if self.driver.name == "postgresql" else ""

    # -- beginning ----------------------------------------------------------------------------------------------

    def begin(self, session: Session, run: str, waits: Sequence[NewWait], *, fresh: bool = False) -> tuple[tuple[str, Index], ...]:
        """Park these steps, in a transaction that holds the run; those whose signal is there already.

        ``fresh``: the run is new, and nobody can have sent it anything.
        """
        there = set() if fresh or not any(new.wait.signal for new in waits) else {*session.rows(PENDING, {"run": run})}
        early: list[tuple[str, Index]] = []
        for new in waits:
            key = {"run": run, "node": new.node.key, "idx": encode_index(new.index)}
            if (new.wait.signal, key["idx"]) in there and session.rows(f"{TAKE} RETURNING 1", {**key, "name": new.wait.signal}):
                early.append((new.node.key, new.index))
        self.ledger.writes.park(session, run, [parked(new, early=(new.node.key, new.index) in early) for new in waits])
        return tuple(early)

    def begin_again(self, session: Session, program: Program, run: str) -> list[Note]:
        """Have the steps of a resumed run wait that waited when it ended, or failed by it, as if they only came to it now."""
        notes: list[Note] = []
        for node, idx, state, attempt, kept in session.rows(STOPPED, {"run": run}):
            key = {"run": run, "node": node, "idx": idx, "attempt": attempt}
            wait = PlannedWait(**self.driver.loads(kept))
            if state == "parked" and session.rows(TAKEN, key):
                session.rows(AT_ONCE, key)  # its signal is there: the run ended before anybody could go on with it
            else:
                self._park_again(session, key, wait)
                attempt += 1
            notes.append(replace(began(NewWait(program.nodes[node], decode_index(idx), wait)), attempt=attempt))
        return notes

    @staticmethod
    def _park_again(session: Session, key: dict[str, Any], planned: PlannedWait) -> None:
        due = "{in:seconds}" if planned.until is None else "{at:until}"
        times = {"seconds": planned.seconds if planned.seconds is not None else FOREVER, "until": planned.until}
        session.rows(AGAIN.replace("{due}", due), {**key, **times})

    # -- time ---------------------------------------------------------------------------------------------------

    def overdue(self, batch: int) -> list[tuple[str, str, str, str]]:
        """Steps whose time is over: run, node, index text and the workflow's digest."""
        return [(run, node, idx, digest) for run, node, idx, digest in self.driver.rows(OVERDUE, {"batch": batch})]

    def fire(self, program: Program, run: str, key: str, index: Index) -> Outcome:
        """End a wait whose time is over, or whose signal came before it; STALE when somebody else did."""
        try:
            outcome = self.driver.atomic(lambda session: self._fire(session, program, run, key, index, None))
        except Permanent as error:
            failure = Failure(code=error.code, message=str(error)[:2000])
            outcome = self.driver.atomic(lambda session: self._fire(session, program, run, key, index, failure))
        return self.settle(program, run, outcome)

    def _fire(self, session: Session, program: Program, run: str, key: str, index: Index, broken: Failure | None) -> Outcome:
        where = {"run": run, "node": key, "idx": encode_index(index)}
        found = session.rows(LOCK_PARKED.replace("{lock}", self.lock), where)
        about = self.about(session, run) if found else None
        if about is None or about[0] != "running":
            return STALE
        node, (number, due) = program.nodes[key], found[0]
        attempt = self.attempt(run, node, index, number, about)
        taken = session.rows(TAKEN, attempt.key)
        if broken is not None:
            ended = Ended("signal" if taken else "timeout", failure=broken)
        elif taken:
            payload, by, at = taken[0]
            ended = answered(node, index, Answer(json.loads(payload), by, iso(self.driver.moment(at))))
        else:
            self.ledger.writes.fetch(session, run, fetches(program, node, index), attempt.rows)
            seen = document(program, node, index, attempt.rows, attempt.run_input)
            ended = fired(node, index, self.driver.moment(due) or datetime.now(UTC), seen)
        return self.end(session, program, attempt, ended)

    def put_off(self, run: str, node: str, idx: str) -> None:
        """Look at a step again later: nobody here can make its workflow out."""
        self.driver.rows(LATER, {"run": run, "node": node, "idx": idx, "grace": self.ledger.writes.grace})

    def settle(self, program: Program, run: str, outcome: Outcome) -> Outcome:
        """End the waits that began with their signal there; what comes of it all. A crash in between leaves them to the sweep."""
        early, outcome = outcome.early, replace(outcome, early=())
        for key, index in early:
            more = self.fire(program, run, key, index)
            outcome = replace(
                outcome,
                hints=(*outcome.hints, *more.hints),
                parked=outcome.parked or more.parked,
                run_ended=outcome.run_ended or more.run_ended,
            )
        return outcome

    # -- ending -------------------------------------------------------------------------------------------------

    def about(self, session: Session, run: str) -> tuple[Any, ...] | None:
        """What an attempt needs to know of its run, its state first; None when there is none. Locks the run."""
        found = session.rows(ABOUT.replace("{lock}", self.lock), {"run": run})
        return found[0] if found else None

    def attempt(self, run: str, node: Node, index: Index, number: int, about: tuple[Any, ...]) -> Attempt:
        """The wait as an attempt, for the ledger to go on from."""
        _, run_input, traceparent, priority = about
        return Attempt(run, node, index, number, 0, self.driver.loads(run_input), None, Rows(), traceparent, priority)

    def end(self, session: Session, program: Program, attempt: Attempt, ended: Ended) -> Outcome:
        """Write down how a wait ended, which is locked as its run is, and go on from it."""
        ledger, rows = self.ledger, attempt.rows
        waited = {"waited": {"kind": kind_of(attempt.node), "ended": ended.how}}
        if ended.failure is not None and not ended.skip:
            last = ledger.writes.count(session, attempt.run, 2) or 0
            ledger.fail_step(session, attempt.key, None, ended.failure, last, waited)
            return Outcome(recorded=True, run_ended=True, failed=True)
        last = ledger.writes.count(session, attempt.run, 1) or 0
        if ended.failure is not None:
            session.rows(DROP, {**attempt.key, "error": ended.failure.model_dump_json()})
            rows.steps[attempt.node.key, attempt.index] = ("skipped", None, ended.failure.model_dump())
            said = {"error": ended.failure.model_dump(), **waited}
            note = Note("status_update", "step.skipped", attempt.place, None, attempt.number, said)
            return ledger.go_on(session, program, attempt, after_skip(attempt.node, attempt.index), note, last, ok=False)
        session.rows(ANSWER, {**attempt.key, "output": ledger.packer.pack(ended.output or {})})
        rows.steps[attempt.node.key, attempt.index] = ("succeeded", ended.output, None)
        note = Note("data_submit", "step.succeeded", attempt.place, None, attempt.number, waited)
        return ledger.go_on(session, program, attempt, after(attempt.node, attempt.index), note, last)


def parked(new: NewWait, *, early: bool) -> dict[str, Any]:
    """A waiting step's columns as parameters; one whose signal is there is due at once."""
    seconds = -1.0 if early else new.wait.seconds if new.wait.seconds is not None else FOREVER
    until = None if early else new.wait.until
    wait = dumps(new.wait.to_data())
    return {"node": new.node.key, "idx": encode_index(new.index), "seconds": seconds, "until": until, "wait": wait}


def began(new: NewWait) -> Note:
    """The event of a step that begins to wait."""
    data = new.wait.to_data()
    if new.wait.signal is not None:
        data["signal"] = place(new.wait.signal, new.index)
    if new.wait.until is not None:
        data["until"] = datetime.fromtimestamp(new.wait.until, UTC).isoformat()
    return Note("status_update", "step.waiting", place(new.node.key, new.index), None, 1, data)


def iso(at: datetime | None) -> str:
    """A moment as a wait's output has it."""
    return (at or datetime.now(UTC)).isoformat()
