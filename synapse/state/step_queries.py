"""Questions about steps: lists without what they were given and gave, and one with both."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from synapse.contracts.run import StepState
from synapse.contracts.steps import StepPage, StepSummary
from synapse.errors import InvalidInput, NotFound
from synapse.state import schema
from synapse.state.queries import Queries, shown_state
from synapse.workflows.program import decode_index, encode_index, parse_place, place

_TABLE: Final = schema.step
# Everything but the output: a list must not read what may be 64 KB a row.
_COLUMNS: Final = tuple(column for column in _TABLE.c if column.name != "output")


class StepQueries:
    """Reads the steps of one tenant's runs; whoever asks has seen that the run is theirs."""

    def __init__(self, queries: Queries) -> None:
        self.engine = queries.engine
        self.packer = queries.packer

    def page(
        self, run: str, *, state: StepState | None = None, agent: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> StepPage:
        """A page of steps by their place. Raises InvalidInput for a cursor that no page gave."""
        query = sa.select(*_COLUMNS).where(_TABLE.c.run == run).order_by(_TABLE.c.node, _TABLE.c.idx).limit(limit + 1)
        if state is not None:
            query = query.where(_TABLE.c.state.in_([kept for kept in (state.value, "parked") if shown_state(kept) == state]))
        if agent is not None:
            query = query.where(_TABLE.c.agent == agent)
        if cursor is not None:
            node, idx = _key(cursor, "cursor")
            query = query.where(sa.tuple_(_TABLE.c.node, _TABLE.c.idx) > sa.tuple_(sa.literal(node), sa.literal(idx)))
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        found = tuple(StepSummary(**summary(row)) for row in rows[:limit])
        return StepPage(steps=found, next=found[-1].path if len(rows) > limit else None)

    def one(self, run: str, at: str) -> tuple[dict[str, Any], Any]:
        """A step's summary as values, and its output. Raises NotFound."""
        try:
            node, idx = _key(at, "step")
        except InvalidInput:
            raise NotFound(f"the run has no step {at[:80]!r}") from None
        query = sa.select(_TABLE).where(_TABLE.c.run == run, _TABLE.c.node == node, _TABLE.c.idx == idx)
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"the run has no step {at[:80]!r}")
        return summary(row), self.packer.unpack(row["output"])


def summary(row: Any) -> dict[str, Any]:
    """The values of a `StepSummary`, of a row."""
    names = ("attempt", "failures", "lost", "worker", "created_at", "started_at", "finished_at", "error")
    began, ended = row["started_at"], row["finished_at"]
    return {
        **{name: row[name] for name in names},
        "agent": row["agent"] or None,
        "state": shown_state(row["state"]),
        "path": place(row["node"], decode_index(row["idx"])),
        "waited_seconds": _seconds(row["created_at"], began),
        "ran_seconds": _seconds(began, ended),
    }


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    return None if since is None or until is None else round((until - since).total_seconds(), 3)


def _key(at: str, field: str) -> tuple[str, str]:
    try:
        node, index = parse_place(at)
    except InvalidInput as error:
        raise InvalidInput(error.detail, field=field, remedy=error.remedy) from error
    return node, encode_index(index)
