"""The ledger on PostgreSQL: a claim and a usual completion are one statement, one round trip and one commit each.

`Ledger` says what must happen; here the same writes are parts of one statement, in the same order of locks: ``mine`` locks
the step and checks the fence, ``counted`` locks the run and checks its state, and all else depends on ``counted``. Rows that
another transaction changed meanwhile are re-checked by PostgreSQL because every condition stands on the row that is updated,
never in a sub-select. Where what is next depends on values that are not at hand (a list made of a whole fan-out's outputs),
the inherited way serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from synapse.errors import Permanent
from synapse.faults import reach
from synapse.state.driver import Driver, Session
from synapse.state.fused_sql import (
    COMPLETE_EARLY,
    COMPLETE_LAST,
    NOTE_ALL,
    OPEN_BOTH,
    OPEN_JOINS,
    OPEN_STEPS,
    PARK_ALL,
    claim_sql,
    complete_sql,
    fetch_sql,
)
from synapse.state.ledger import Ledger, choose, failure_of, hints_of
from synapse.state.packing import Packer
from synapse.state.records import STALE, Attempt, Keep, Note, Outcome
from synapse.state.text import dumps
from synapse.state.writes import Writes, join_parameters, note_parameters, put_items, step_parameters
from synapse.workflows.advance import Arrive, Finish, NewStep, Opening, Start, after, decides, needs, opening
from synapse.workflows.program import Index, Program, decode_index, encode_index, place
from synapse.workflows.values import Fetch, Rows, fetches

_FEW: Final = 3
"""Events that are written one by one; a wide fan-out of waits has as many as it has members."""


class FusedWrites(Writes):
    """The ledger's writes, with all new steps in one statement."""

    def open(self, session: Session, run: str, opening: Opening) -> None:
        """Make steps ready and joins wait for them."""
        if any(join.arrived for join in opening.joins):
            super().open(session, run, opening)
            return
        sql = {(True, True): OPEN_BOTH, (True, False): OPEN_JOINS, (False, True): OPEN_STEPS}
        which = (bool(opening.joins), bool(opening.steps))
        if which in sql:
            session.rows(sql[which], {"run": run, "grace": self.grace, **opening_parameters(opening)})

    def park(self, session: Session, run: str, waits: Sequence[dict[str, Any]]) -> None:
        """Have steps wait without a message."""
        columns = ("node", "idx", "seconds", "until", "wait")
        session.rows(PARK_ALL, {"run": run, **{f"all_{name}": [each[name] for each in waits] for name in columns}})

    def note(self, session: Session, run: str, last: int, notes: Sequence[Note]) -> None:
        """Write events; the numbers up to ``last`` were reserved."""
        if len(notes) <= _FEW:
            super().note(session, run, last, notes)
            return
        made = [note_parameters(each) for each in notes]
        columns = ("type", "name", "step", "agent", "attempt", "data")
        session.rows(
            NOTE_ALL, {"run": run, "before": last - len(notes), **{f"all_{name}": [each[name] for each in made] for name in columns}}
        )


class FusedLedger(Ledger):
    """The ledger with PostgreSQL's single statements."""

    def __init__(
        self, driver: Driver, packer: Packer, *, grace: float = 30.0, lease: float = 30.0, max_lost: int = 5, rollout: float = 900.0
    ) -> None:
        super().__init__(driver, packer, grace=grace, lease=lease, max_lost=max_lost, rollout=rollout)
        self.writes = FusedWrites(driver, packer, grace)

    def claim(self, program: Program, run: str, key: str, index: Index, worker: str) -> Attempt | None:
        """As `Ledger.claim`, in one round trip with everything the inputs need."""
        return self._claim(self.driver, program, run, key, index, worker)

    def _claim(self, session: Session | Driver, program: Program, run: str, key: str, index: Index, worker: str) -> Attempt | None:
        node = program.nodes[key]
        kinds, fetching = _fetching(fetches(program, node, index))
        parameters: dict[str, Any] = {
            "run": run,
            "node": key,
            "idx": encode_index(index),
            "max_lost": self.max_lost,
            "lease": self.lease,
            "worker": worker,
            "place": place(key, index),
            **fetching,
        }
        found = session.rows(claim_sql(kinds), parameters)
        if not found:
            return None
        number, failures, run_input, deadline, traceparent, priority, tenant, *fetched = found[0]
        rows = self._read(Rows(), kinds, fetched)
        return Attempt(run, node, index, number, failures, run_input, self.driver.moment(deadline), rows, traceparent, priority, tenant)

    def complete(self, program: Program, attempt: Attempt, output: dict[str, Any], keep: Keep | None = None) -> Outcome:
        """As `Ledger.complete`; in one round trip where what is next can be told beforehand, or does not matter yet."""
        attempt.rows.steps[attempt.node.key, attempt.index] = ("succeeded", output, None)
        try:
            foreseen = _foresee(program, attempt)
            if foreseen is not None:
                return self._complete_foreseen(program, attempt, output, *foreseen, keep)
            way = after(attempt.node, attempt.index)
            if not isinstance(way, Arrive):
                return super().complete(program, attempt, output, keep)
            parameters = self._parameters(attempt, output, way)
            found = self.driver.rows(COMPLETE_EARLY, parameters)
            if not found:
                return STALE
            pending, succeeded = found[0]
            if pending > 1:
                return Outcome(recorded=True)
            self._check_successes(way, succeeded + 1)
            made = self._read_ahead(program, attempt, way)
            if made is not None:
                reach("in-join", way.join.key)
                return self._complete_foreseen(program, attempt, output, way, made, False, keep)
            last = self.driver.atomic(lambda session: self._complete_last(session, program, attempt, parameters, way, keep))
            return self.settled(program, attempt, last)
        except Permanent as error:
            return self.fail(program, attempt, failure_of(error))

    def _read_ahead(self, program: Program, attempt: Attempt, way: Arrive) -> Opening | None:
        """What the last member leads to, if it is one opening: all others are in, so that nothing it depends on changes any more."""
        on = after(way.join, way.index)
        if not isinstance(on, Start):
            return None
        wanted = needs(program, on.node, on.index)
        kinds, fetching = _fetching(wanted)
        if kinds:
            self._read(attempt.rows, kinds, list(self.driver.rows(fetch_sql(kinds), {"run": attempt.run, **fetching})[0]))
        if any(fetch.what == "arrivals" and fetch.node == way.join.key for fetch in wanted):
            # Its own is written with what it leads to.
            attempt.rows.arrivals.setdefault((way.join.key, way.index), {})[way.member] = True
        return _sure(opening(program, on.node, on.index, attempt.rows, attempt.run_input))

    def _complete_last(
        self, session: Session, program: Program, attempt: Attempt, parameters: dict[str, Any], way: Arrive, keep: Keep | None
    ) -> Outcome:
        found = session.rows(COMPLETE_LAST, parameters)
        if not found:
            return STALE
        agent, pending, succeeded, last = found[0]
        note = Note("data_submit", "step.succeeded", attempt.place, agent, attempt.number)
        if pending != 0:  # None: that member had arrived before
            self.writes.note(session, attempt.run, last, [replace(note, data={"next": []})])
            return Outcome(recorded=True)
        reach("in-join", way.join.key)
        self._check_successes(way, succeeded)
        return self.go_on(session, program, attempt, after(way.join, way.index), note, last, keep=keep)

    def _complete_foreseen(
        self,
        program: Program,
        attempt: Attempt,
        output: dict[str, Any],
        join: Arrive | None,
        made: Opening,
        ends: bool,
        keep: Keep | None,
    ) -> Outcome:
        # At a join the statement does not see what other members committed while it waited: there a claim comes after it.
        startable = join is None and (attempt.deadline is None or attempt.deadline > datetime.now(UTC))
        chosen = choose(made.steps, keep) if startable else None
        others = replace(made, steps=[step for step in made.steps if step is not chosen])
        parameters = {
            **self._parameters(attempt, output, join),
            **opening_parameters(others),
            "grace": self.writes.grace,
            "next": dumps({"next": [place(step.node.key, step.index) for step in made.steps]}),
        }
        kinds, rows = None, Rows()
        if keep is not None and chosen is not None:
            wanted = [fetch for fetch in fetches(program, chosen.node, chosen.index) if not attempt.rows.give(fetch, rows)]
            kinds, fetching = _fetching(wanted)
            parameters |= fetching | self._kept_parameters(chosen, keep.worker)
        sql = complete_sql(arrives=join is not None, joins=bool(made.joins), steps=bool(others.steps), ends=ends, keeps=kinds)
        if ends:
            reach("in-finish", attempt.place)
        found = self.driver.rows(sql, parameters)
        if not found:
            return STALE
        pending, *fetched = found[0]
        hints = hints_of(program, attempt.run, others.steps, attempt.traceparent, attempt.priority) if pending == 0 else ()
        if chosen is None:
            return Outcome(True, hints, ends)
        kept = replace(attempt, node=chosen.node, index=chosen.index, number=1, failures=0, rows=self._read(rows, kinds or (), fetched))
        return Outcome(True, hints, ends, kept=kept)

    def _kept_parameters(self, chosen: NewStep, worker: str) -> dict[str, Any]:
        parameters = {f"kept_{name}": value for name, value in step_parameters(chosen).items()}
        return {**parameters, "kept_place": place(chosen.node.key, chosen.index), "lease": self.lease, "worker": worker}

    def _read(self, rows: Rows, kinds: tuple[str, ...], columns: list[Any]) -> Rows:
        fetched = dict(zip(kinds, columns, strict=True))
        for node, idx, state, output, error in fetched.get("steps") or ():
            rows.steps[node, decode_index(idx)] = (state, self.packer.unpack(output), error)
        for node, idx, member, ok in fetched.get("arrivals") or ():
            rows.arrivals.setdefault((node, decode_index(idx)), {})[member] = ok
        for node, idx, member, items in fetched.get("items") or ():
            if member is None:
                put_items(rows, node, decode_index(idx), items, None)
            else:
                rows.members[node, (*decode_index(idx), member)] = items[0]
        return rows

    def _parameters(self, attempt: Attempt, output: dict[str, Any], join: Arrive | None) -> dict[str, Any]:
        parameters = {**attempt.key, "place": attempt.place, "output": self.packer.pack(output)}
        if join is not None:
            parameters |= {"join_node": join.join.key, "join_idx": encode_index(join.index), "member": join.member}
        return parameters


_JOIN_COLUMNS = (("nodes", "node"), ("idxs", "idx"), ("widths", "width"), ("pending", "pending"), ("items", "items"))
_STEP_COLUMNS = (("nodes", "node"), ("idxs", "idx"), ("agents", "agent"))


def opening_parameters(made: Opening) -> dict[str, Any]:
    """New joins and steps as arrays, a column each."""
    joins = [join_parameters(each) for each in made.joins]
    steps = [step_parameters(each) for each in made.steps]
    return {f"new_join_{name}": [each[column] for each in joins] for name, column in _JOIN_COLUMNS} | {
        f"new_{name}": [each[column] for each in steps] for name, column in _STEP_COLUMNS
    }


def _foresee(program: Program, attempt: Attempt) -> tuple[Arrive | None, Opening, bool] | None:
    """What the completion leads to, if that can be told from the attempt's own values; else None."""
    way = after(attempt.node, attempt.index)
    join: Arrive | None = None
    if isinstance(way, Arrive):
        if way.join.kind == "foreach" and way.join.source.min_success:
            return None
        join, way = way, after(way.join, way.index)
        if not isinstance(way, Start) or decides(way.node):
            return None
    if isinstance(way, Finish):
        return None, Opening(), True
    if isinstance(way, Arrive):
        return None
    own = attempt.node.key
    if any(fetch.node != own for fetch in needs(program, way.node, way.index)):
        return None
    made = _sure(opening(program, way.node, way.index, attempt.rows, attempt.run_input))
    return None if made is None else (join, made, False)


def _sure(made: Opening) -> Opening | None:
    """The opening, if writing it down is all there is to do."""
    # Whether a signal came before what waits for it only the database can tell.
    return None if made.done or made.waits or any(new.arrived for new in made.joins) else made


def _fetching(wanted: list[Fetch]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The kinds of rows to fetch, and the parameters that say which."""
    kinds = tuple(sorted({fetch.what for fetch in wanted}))
    parameters: dict[str, Any] = {}
    for kind in kinds:
        parameters |= _fetch_parameters(kind, [fetch for fetch in wanted if fetch.what == kind])
    return kinds, parameters


def _fetch_parameters(kind: str, wanted: list[Fetch]) -> dict[str, Any]:
    parameters: dict[str, Any] = {f"{kind}_node": [each.node for each in wanted], f"{kind}_low": [each.low for each in wanted]}
    if kind == "items":
        parameters["items_member"] = [each.member for each in wanted]
    else:
        parameters[f"{kind}_high"] = [each.high for each in wanted]
    return parameters
