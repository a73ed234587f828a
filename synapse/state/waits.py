"""Steps that wait without a message, and the signals that end them.

A waiting step is a row of the state `parked`, due when its time is over. Who ends it, the sweep or a signal, locks it, looks whether it
still waits and goes on in the same transaction as a completion does: the first one wins, the other finds nothing. A signal is a row of its
own; a step *takes* it, once. One that comes before its step begins to wait is kept, and taken by the transaction that begins the wait.
Signals of a run are written under the run's lock, and so are steps: none can slip past the other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from synapse.contracts.run import Failure
from synapse.contracts.waits import Signal
from synapse.errors import Conflict, NotFound, Permanent, Unavailable
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
_TRIES: Final = 5

_KEY = "run = :run AND node = :node AND idx = :idx"
LOCK_PARKED = f"SELECT attempt, due FROM step WHERE {_KEY} AND state = 'parked' AND due < {{now}}{{lock}}"
CANDIDATE = f"SELECT state, attempt, started_at FROM step WHERE {_KEY}{{lock}}"
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
OF_NAME = "SELECT node, attempt FROM signal WHERE run = :run AND name = :name AND idx = :idx"
BY_KEY = "SELECT number, name, at, sender, node, fingerprint FROM signal WHERE run = :run AND idempotency_key = :key"
ADD = """INSERT INTO signal (run, number, name, idx, payload, sender, at, idempotency_key, fingerprint, node, attempt)
VALUES (:run, :number, :name, :idx, :payload, :by, {now}, :key, :fingerprint, :node, :attempt) RETURNING at"""
WIDTH = f"SELECT width FROM fan_out WHERE {_KEY}"
OVERDUE = """SELECT step.run, step.node, step.idx, run.digest FROM step JOIN run ON run.id = step.run
WHERE step.state = 'parked' AND step.due < {now} AND run.state = 'running' ORDER BY step.due LIMIT :batch"""


@dataclass(frozen=True)
class Sent:
    """A signal as it is sent. ``fingerprint`` is the sha256 of the request, to tell a repeated one from another one."""

    name: str
    index: Index
    payload: Any
    by: str
    key: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True)
class Received:
    """The signal as it is kept, whether it is new, and what it led to."""

    signal: Signal
    created: bool
    outcome: Outcome = STALE


class _Began(Exception):
    """A step began to wait meanwhile: look again, in the right order of locks."""


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
    """Waiting steps and signals of the ledger's database."""

    def __init__(self, ledger: Book) -> None:
        self.ledger = ledger
        self.driver = ledger.driver
        self._lock = " FOR UPDATE" if self.driver.name == "postgresql" else ""

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
        found = session.rows(LOCK_PARKED.replace("{lock}", self._lock), where)
        about = session.rows(ABOUT.replace("{lock}", self._lock), {"run": run}) if found else []
        if not about or about[0][0] != "running":
            return STALE
        node, (number, due) = program.nodes[key], found[0]
        attempt = self._attempt(run, node, index, number, about[0])
        taken = session.rows(TAKEN, attempt.key)
        if broken is not None:
            ended = Ended("signal" if taken else "timeout", failure=broken)
        elif taken:
            payload, by, at = taken[0]
            ended = answered(node, index, Answer(json.loads(payload), by, _iso(self.driver.moment(at))))
        else:
            self.ledger.writes.fetch(session, run, fetches(program, node, index), attempt.rows)
            seen = document(program, node, index, attempt.rows, attempt.run_input)
            ended = fired(node, index, self.driver.moment(due) or datetime.now(UTC), seen)
        return self._end(session, program, attempt, ended)

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

    # -- signals ------------------------------------------------------------------------------------------------

    def receive(self, program: Program, run: str, sent: Sent) -> Received:
        """Keep the signal, and end the wait that it is for if there is one; the same key gives the same signal again.

        Raises NotFound for a run, a name or a member that there is not, Conflict when the run has ended, when nothing will wait for one
        more, or when the key was used for another signal.
        """
        for _ in range(_TRIES):
            try:
                received = self._receive(program, run, sent)
            except _Began:
                continue
            return replace(received, outcome=self.settle(program, run, received.outcome))
        raise Unavailable("steps of the run begin to wait all the time", remedy="send it again")

    def _receive(self, program: Program, run: str, sent: Sent) -> Received:
        try:
            return self.driver.atomic(lambda session: self._add(session, program, run, sent, None))
        except Permanent as error:
            failure = Failure(code=error.code, message=str(error)[:2000])
            return self.driver.atomic(lambda session: self._add(session, program, run, sent, failure))

    def _add(self, session: Session, program: Program, run: str, sent: Sent, broken: Failure | None) -> Received:
        nodes = program.waiting_for(sent.name)
        idx = encode_index(sent.index)
        locked = self._locked(self._candidates(session, run, nodes, idx, self._lock))
        about = session.rows(ABOUT.replace("{lock}", self._lock), {"run": run})
        if not about:
            raise NotFound(f"there is no run {run!r}")
        if (known := self._known(session, run, sent)) is not None:
            return Received(known, created=False)
        state = about[0][0]
        if state != "running":
            remedy = "resume it, then send it again" if state in ("failed", "cancelled") else "its output is in the run"
            raise Conflict(f"the run is {state}; nothing of it waits any more", field="run", remedy=remedy)
        self._check_member(session, run, nodes[0], sent)
        candidates = self._candidates(session, run, nodes, idx, "")
        waiting = [found for found in candidates if found[1] == "parked"]
        if any(node.key not in locked for node, *_ in waiting):
            raise _Began
        taken = session.rows(OF_NAME, {"run": run, "name": sent.name, "idx": idx})
        waiting = [found for found in waiting if (found[0].key, found[2]) not in {(node, attempt) for node, attempt in taken}]
        to_come = len(nodes) - len(candidates) - sum(node is None for node, _ in taken)
        if not waiting and to_come <= 0:
            named = place(sent.name, sent.index)
            raise Conflict(f"nothing waits for {named!r} any more: it has its signal, or its time was over", field="name")
        chosen = min(waiting, key=lambda found: found[3]) if waiting else None
        number = self.ledger.writes.count(session, run, 1) or 0
        took = {"node": chosen[0].key, "attempt": chosen[2]} if chosen is not None else {"node": None, "attempt": None}
        row = {"number": number, "name": sent.name, "idx": idx, "payload": dumps(sent.payload), "by": sent.by, **took}
        row |= {"run": run, "key": sent.key, "fingerprint": sent.fingerprint}
        at = self.driver.moment(session.rows(ADD, row)[0][0]) or datetime.now(UTC)
        name = place(sent.name, sent.index)
        step = place(chosen[0].key, sent.index) if chosen is not None else None
        self.ledger.writes.note(session, run, number, [Note("data_submit", "signal.received", step, data={"signal": name, "by": sent.by})])
        signal = Signal(run=run, number=number, name=name, at=at, by=sent.by, step=step)
        if chosen is None:
            return Received(signal, created=True, outcome=Outcome(recorded=True))
        attempt = self._attempt(run, chosen[0], sent.index, chosen[2], about[0])
        payload = session.rows(TAKEN, attempt.key)[0][0]  # as it is kept: without NUL, for one
        ended = (
            Ended("signal", failure=broken) if broken else answered(chosen[0], sent.index, Answer(json.loads(payload), sent.by, _iso(at)))
        )
        return Received(signal, created=True, outcome=self._end(session, program, attempt, ended))

    @staticmethod
    def _locked(candidates: list[tuple[Node, str, int, Any]]) -> set[str]:
        return {node.key for node, state, *_ in candidates if state == "parked"}

    def _candidates(self, session: Session, run: str, nodes: list[Node], idx: str, lock: str) -> list[tuple[Node, str, int, Any]]:
        """Of those who wait for a name the ones that have begun to: node, state, attempt, since when."""
        found = [(node, session.rows(CANDIDATE.replace("{lock}", lock), {"run": run, "node": node.key, "idx": idx})) for node in nodes]
        return [(node, *rows[0]) for node, rows in found if rows]

    def _known(self, session: Session, run: str, sent: Sent) -> Signal | None:
        rows = session.rows(BY_KEY, {"run": run, "key": sent.key}) if sent.key is not None else []
        if not rows:
            return None
        number, name, at, by, node, fingerprint = rows[0]
        if fingerprint != sent.fingerprint:
            raise Conflict("the idempotency key was used for another signal", field="Idempotency-Key", remedy="use a new key")
        index = sent.index  # the fingerprint has it
        return Signal(
            run=run,
            number=number,
            name=place(name, index),
            at=self.driver.moment(at) or datetime.now(UTC),
            by=by,
            step=place(node, index) if node is not None else None,
        )

    def _check_member(self, session: Session, run: str, node: Node, sent: Sent) -> None:
        for depth, foreach in enumerate(node.enclosing_foreachs()):
            rows = session.rows(WIDTH, {"run": run, "node": foreach.key, "idx": encode_index(sent.index[:depth])})
            most = rows[0][0] if rows else foreach.source.max
            if sent.index[depth] >= most:
                at = place(foreach.key, sent.index[:depth])
                raise NotFound(f"{at!r} has {most} members at most, counted from 0; there is no {sent.index[depth]}", field="name")

    # -- ending -------------------------------------------------------------------------------------------------

    def _attempt(self, run: str, node: Node, index: Index, number: int, about: tuple[Any, ...]) -> Attempt:
        _, run_input, traceparent, priority = about
        return Attempt(run, node, index, number, 0, self.driver.loads(run_input), None, Rows(), traceparent, priority)

    def _end(self, session: Session, program: Program, attempt: Attempt, ended: Ended) -> Outcome:
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


def _iso(at: datetime | None) -> str:
    return (at or datetime.now(UTC)).isoformat()
