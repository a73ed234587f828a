"""The single writes that a ledger transaction is made of, the same on both databases.

Locks are always taken in the order step, run, fan-out, so that two transactions of one run cannot wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from synapse.state.driver import Driver, Session
from synapse.state.packing import Packer
from synapse.state.records import Note
from synapse.state.text import dumps
from synapse.workflows.advance import NewJoin, NewStep, Opening
from synapse.workflows.program import Index, Node, decode_index, encode_index
from synapse.workflows.values import Fetch, Rows

COUNT = """UPDATE run SET seq = seq + :count, position = {later} WHERE id = :run AND state = 'running' RETURNING seq"""
NOTE = """INSERT INTO event (position, run, seq, at, type, name, step, agent, attempt, data)
VALUES ((SELECT position FROM run WHERE id = :run), :run, :seq, {now}, :type, :name, :step, :agent, :attempt, {json:data})"""
ARRIVE = """INSERT INTO arrival (run, node, idx, member, ok) VALUES (:run, :node, :idx, :member, :ok) ON CONFLICT DO NOTHING RETURNING 1"""
JOIN = """UPDATE fan_out SET pending = pending - 1, succeeded = succeeded + :one WHERE run = :run AND node = :node AND idx = :idx
RETURNING pending, succeeded"""
NEW_JOIN = """INSERT INTO fan_out (run, node, idx, width, pending, succeeded, items)
VALUES (:run, :node, :idx, :width, :pending, :succeeded, {json:items})"""
NEW_STEP = """INSERT INTO step (run, node, idx, agent, state, due, created_at)
VALUES (:run, :node, :idx, :agent, 'ready', {in:grace}, {now})"""
PARK = """INSERT INTO step (run, node, idx, agent, state, attempt, due, created_at, started_at, wait)
VALUES (:run, :node, :idx, '', 'parked', 1, {due}, {now}, {now}, {json:wait})"""
FETCH_STEPS = """SELECT node, idx, state, output, error FROM step
WHERE run = :run AND node = :node AND idx >= :low AND idx <= :high AND state IN ('succeeded', 'skipped')"""
FETCH_ARRIVALS = "SELECT node, idx, member, ok FROM arrival WHERE run = :run AND node = :node AND idx >= :low AND idx <= :high"
FETCH_ITEMS = "SELECT node, idx, items FROM fan_out WHERE run = :run AND node = :node AND idx >= :low AND idx <= :high"


@dataclass(frozen=True)
class Writes:
    """Bound to one database; every method runs inside the caller's transaction."""

    driver: Driver
    packer: Packer
    grace: float

    def count(self, session: Session, run: str, count: int) -> int | None:
        """Reserve that many event numbers; the last of them, or None when the run is not running. Locks the run."""
        rows = session.rows(COUNT, {"run": run, "count": count})
        return int(rows[0][0]) if rows else None

    def note(self, session: Session, run: str, last: int, notes: Sequence[Note]) -> None:
        """Write events; the numbers up to ``last`` were reserved by `count`."""
        for seq, note in enumerate(notes, last - len(notes) + 1):
            session.rows(NOTE, {"run": run, "seq": seq, **note_parameters(note)})

    def fetch(self, session: Session | Driver, run: str, wanted: Iterable[Fetch], into: Rows) -> Rows:
        """Read the rows that expressions need into ``into``."""
        for fetch in wanted:
            key = {"run": run, "node": fetch.node, "low": fetch.low, "high": fetch.high}
            if fetch.what == "steps":
                for node, idx, state, output, error in session.rows(FETCH_STEPS, key):
                    into.steps[node, decode_index(idx)] = (state, self.packer.unpack(self.driver.loads(output)), self.driver.loads(error))
            elif fetch.what == "arrivals":
                for node, idx, member, ok in session.rows(FETCH_ARRIVALS, key):
                    into.arrivals.setdefault((node, decode_index(idx)), {})[member] = bool(ok)
            else:
                for node, idx, items in session.rows(FETCH_ITEMS, key):
                    put_items(into, node, decode_index(idx), self.driver.loads(items), fetch.member)
        return into

    def arrive(self, session: Session, run: str, join: Node, index: Index, member: int, ok: bool) -> tuple[int, int] | None:
        """Arrive at a join: (pending, succeeded) after it, or None when that member had arrived before. Locks the join."""
        key = {"run": run, "node": join.key, "idx": encode_index(index)}
        if not session.rows(ARRIVE, {**key, "member": member, "ok": ok}):
            return None
        pending, succeeded = session.rows(JOIN, {**key, "one": int(ok)})[0]
        return int(pending), int(succeeded)

    def open(self, session: Session, run: str, opening: Opening) -> None:
        """Make steps ready and joins wait for them."""
        for join in opening.joins:
            session.rows(NEW_JOIN, {"run": run, **join_parameters(join)})
            for member in join.arrived:
                key = {"run": run, "node": join.node.key, "idx": encode_index(join.index)}
                session.rows(ARRIVE, {**key, "member": member, "ok": True})
        for step in opening.steps:
            session.rows(NEW_STEP, {"run": run, **step_parameters(step), "grace": self.grace})

    def park(self, session: Session, run: str, waits: Sequence[dict[str, Any]]) -> None:
        """Have steps wait without a message: ``seconds`` from now, or where it is given ``until`` a moment."""
        for wait in waits:
            due = "{in:seconds}" if wait["until"] is None else "{at:until}"
            session.rows(PARK.replace("{due}", due), {"run": run, **wait})


def put_items(rows: Rows, node: str, index: Index, items: Any, member: int | None) -> None:
    """Keep a fan-out's items, or the one item that was asked for."""
    if member is None:
        rows.items[node, index] = items
    elif items is not None and member < len(items):
        rows.members[node, (*index, member)] = items[member]


def note_parameters(note: Note) -> dict[str, Any]:
    """An event's columns as parameters."""
    return {
        "type": note.type,
        "name": note.name,
        "step": note.step,
        "agent": note.agent,
        "attempt": note.attempt,
        "data": dumps(note.data),
    }


def join_parameters(join: NewJoin) -> dict[str, Any]:
    """A new join's columns as parameters."""
    return {
        "node": join.node.key,
        "idx": encode_index(join.index),
        "width": join.width,
        "pending": join.width - len(join.arrived),
        "succeeded": len(join.arrived),
        "items": None if join.items is None else dumps(join.items),
    }


def step_parameters(step: NewStep) -> dict[str, Any]:
    """A new step's columns as parameters."""
    return {"node": step.node.key, "idx": encode_index(step.index), "agent": step.node.source.agent}
