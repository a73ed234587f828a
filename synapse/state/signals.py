"""Signals: what somebody tells a run, each kept as a row and taken once, by a step that waits for it.

Signals of a run are written under the run's lock, and so are its steps: none can slip past the other. One that finds its step waiting
takes it on in the same transaction; one that comes before is kept, and taken by the transaction that begins the wait
(`synapse.state.waits`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from synapse.contracts.run import Failure
from synapse.contracts.waits import Signal
from synapse.errors import Conflict, NotFound, Permanent, Unavailable
from synapse.state.driver import Session
from synapse.state.records import STALE, Note, Outcome
from synapse.state.text import dumps
from synapse.state.waits import TAKEN, Waits, iso
from synapse.workflows.program import Index, Node, Program, encode_index, place
from synapse.workflows.waits import Answer, Ended, answered

_TRIES: Final = 5

CANDIDATE = "SELECT state, attempt, started_at FROM step WHERE run = :run AND node = :node AND idx = :idx{lock}"
OF_NAME = "SELECT node, attempt FROM signal WHERE run = :run AND name = :name AND idx = :idx"
BY_KEY = "SELECT number, name, at, sender, node, fingerprint FROM signal WHERE run = :run AND idempotency_key = :key"
ADD = """INSERT INTO signal (run, number, name, idx, payload, sender, at, idempotency_key, fingerprint, node, attempt)
VALUES (:run, :number, :name, :idx, :payload, :by, {now}, :key, :fingerprint, :node, :attempt) RETURNING at"""
WIDTH = "SELECT width FROM fan_out WHERE run = :run AND node = :node AND idx = :idx"


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


class _Candidate(NamedTuple):
    """A step that waits for the signal's name, or did."""

    node: Node
    state: str
    attempt: int
    since: Any


class Signals:
    """Signals to the runs of one database, whose steps wait as ``waits`` has it."""

    def __init__(self, waits: Waits) -> None:
        self.waits = waits
        self.driver = waits.driver

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
            return replace(received, outcome=self.waits.settle(program, run, received.outcome))
        raise Unavailable("steps of the run begin to wait all the time", remedy="send it again")

    def _receive(self, program: Program, run: str, sent: Sent) -> Received:
        try:
            return self.driver.atomic(lambda session: self._add(session, program, run, sent, None))
        except Permanent as error:
            failure = Failure(code=error.code, message=str(error)[:2000])
            return self.driver.atomic(lambda session: self._add(session, program, run, sent, failure))

    def _add(self, session: Session, program: Program, run: str, sent: Sent, broken: Failure | None) -> Received:
        """``broken`` is why what the signal leads to cannot be: then the step that takes it fails."""
        nodes = program.waiting_for(sent.name)
        locked = self._parked(self._candidates(session, run, nodes, sent.index, self.waits.lock))
        about = self.waits.about(session, run)
        if about is None:
            raise NotFound(f"there is no run {run!r}")
        if (known := self._known(session, run, sent)) is not None:
            return Received(known, created=False)
        _check_running(about[0])
        self._check_member(session, run, nodes[0], sent)
        taker = self._taker(session, run, nodes, sent, locked)
        signal = self._keep(session, run, sent, taker)
        if taker is None:
            return Received(signal, created=True, outcome=Outcome(recorded=True))
        attempt = self.waits.attempt(run, taker.node, sent.index, taker.attempt, about)
        payload = session.rows(TAKEN, attempt.key)[0][0]  # as it is kept: without NUL, for one
        answer = Answer(json.loads(payload), sent.by, iso(signal.at))
        ended = Ended("signal", failure=broken) if broken else answered(taker.node, sent.index, answer)
        return Received(signal, created=True, outcome=self.waits.end(session, program, attempt, ended))

    def _taker(self, session: Session, run: str, nodes: list[Node], sent: Sent, locked: set[str]) -> _Candidate | None:
        """Of the steps that wait for the signal the one that does so for longest; None when it is kept for one to come.

        Raises Conflict when there will be none, _Began when one of them is not among the ``locked``.
        """
        candidates = self._candidates(session, run, nodes, sent.index, "")
        if self._parked(candidates) - locked:
            raise _Began
        of_name = session.rows(OF_NAME, {"run": run, "name": sent.name, "idx": encode_index(sent.index)})
        served = {(node, attempt) for node, attempt in of_name}
        waiting = [each for each in candidates if each.state == "parked" and (each.node.key, each.attempt) not in served]
        if waiting:
            return min(waiting, key=lambda each: each.since)
        kept = sum(node is None for node, _ in of_name)
        if len(nodes) - len(candidates) - kept <= 0:
            named = place(sent.name, sent.index)
            raise Conflict(f"nothing waits for {named!r} any more: it has its signal, or its time was over", field="name")
        return None

    def _keep(self, session: Session, run: str, sent: Sent, taker: _Candidate | None) -> Signal:
        """Write the signal, and its event."""
        writes, name = self.waits.ledger.writes, place(sent.name, sent.index)
        number = writes.count(session, run, 1) or 0
        row = {
            "run": run,
            "number": number,
            "name": sent.name,
            "idx": encode_index(sent.index),
            "payload": dumps(sent.payload),
            "by": sent.by,
            "key": sent.key,
            "fingerprint": sent.fingerprint,
            "node": taker.node.key if taker is not None else None,
            "attempt": taker.attempt if taker is not None else None,
        }
        at = self._moment(session.rows(ADD, row)[0][0])
        step = place(taker.node.key, sent.index) if taker is not None else None
        writes.note(session, run, number, [Note("data_submit", "signal.received", step, data={"signal": name, "by": sent.by})])
        return Signal(run=run, number=number, name=name, at=at, by=sent.by, step=step)

    @staticmethod
    def _parked(candidates: Sequence[_Candidate]) -> set[str]:
        return {each.node.key for each in candidates if each.state == "parked"}

    def _candidates(self, session: Session, run: str, nodes: list[Node], index: Index, lock: str) -> list[_Candidate]:
        """Of those who wait for a name the ones that have begun to."""
        sql, where = CANDIDATE.replace("{lock}", lock), {"run": run, "idx": encode_index(index)}
        found = [(node, session.rows(sql, {**where, "node": node.key})) for node in nodes]
        return [_Candidate(node, *rows[0]) for node, rows in found if rows]

    def _known(self, session: Session, run: str, sent: Sent) -> Signal | None:
        rows = session.rows(BY_KEY, {"run": run, "key": sent.key}) if sent.key is not None else []
        if not rows:
            return None
        number, name, at, by, node, fingerprint = rows[0]
        if fingerprint != sent.fingerprint:
            raise Conflict("the idempotency key was used for another signal", field="Idempotency-Key", remedy="use a new key")
        index = sent.index  # the fingerprint has it
        step = place(node, index) if node is not None else None
        return Signal(run=run, number=number, name=place(name, index), at=self._moment(at), by=by, step=step)

    def _check_member(self, session: Session, run: str, node: Node, sent: Sent) -> None:
        for depth, foreach in enumerate(node.enclosing_foreachs()):
            rows = session.rows(WIDTH, {"run": run, "node": foreach.key, "idx": encode_index(sent.index[:depth])})
            most = rows[0][0] if rows else foreach.source.max
            if sent.index[depth] >= most:
                at = place(foreach.key, sent.index[:depth])
                raise NotFound(f"{at!r} has {most} members at most, counted from 0; there is no {sent.index[depth]}", field="name")

    def _moment(self, at: Any) -> datetime:
        return self.driver.moment(at) or datetime.now(UTC)


def _check_running(state: str) -> None:
    if state != "running":
        remedy = "resume it, then send it again" if state in ("failed", "cancelled") else "its output is in the run"
        raise Conflict(f"the run is {state}; nothing of it waits any more", field="run", remedy=remedy)
