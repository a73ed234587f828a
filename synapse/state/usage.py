"""What a tenant used, added up from its runs and steps when somebody asks: nothing is counted while they run."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from synapse.contracts.usage import DayUsage
from synapse.state import schema
from synapse.state.queries import Queries

_COUNTS = {"model_calls": "calls", "tokens_in": "tokens_in", "tokens_out": "tokens_out"}


def by_day(queries: Queries, since: date, until: date, agents: Collection[str]) -> tuple[DayUsage, ...]:
    """Each day from ``since`` to ``until``, both included and in UTC, on which the tenant started a run; the newest first.

    ``agents`` are those whose output carries what a language model did for the run so far: of a run the greatest counts.
    """
    run, step = schema.run, schema.step
    first, end = (datetime.combine(day, time(), UTC) for day in (since, until + timedelta(days=1)))
    mine = sa.and_(
        run.c.tenant == queries.tenant,
        run.c.created_at >= sa.literal(first, schema.Timestamp),
        run.c.created_at < sa.literal(end, schema.Timestamp),
    )
    day = _day(queries.engine.dialect.name).label("day")
    size = _size(queries.engine.dialect.name)
    joined = run.join(step, step.c.run == run.c.id)
    started = sa.select(day, sa.func.count().label("runs")).where(mine).group_by(day)
    tried = (
        sa.select(day, sa.func.sum(step.c.attempt).label("steps"), sa.func.coalesce(sa.func.sum(size), 0).label("bytes"))
        .select_from(joined)
        .where(mine)
        .group_by(day)
    )
    used = step.c.output["model"]["usage"]
    most = {name: sa.func.max(sa.cast(used[key].as_string(), sa.BigInteger)).label(name) for name, key in _COUNTS.items()}
    most["cost"] = sa.func.max(used["cost"].as_float()).label("cost")
    a_run = (
        sa.select(day, run.c.id, *most.values())
        .select_from(joined)
        .where(mine, step.c.agent.in_(sorted(agents)), step.c.state == "succeeded")
        .group_by(day, run.c.id)
    ).subquery()
    modelled = sa.select(a_run.c.day, *(sa.func.coalesce(sa.func.sum(a_run.c[name]), 0).label(name) for name in most)).group_by(a_run.c.day)
    found: dict[str, dict[str, Any]] = {}
    with queries.engine.connect() as connection:
        for query in (started, tried, modelled):
            for row in connection.execute(query).mappings():
                found.setdefault(row["day"], {}).update(row)
    return tuple(DayUsage.model_validate(_whole(found[day])) for day in sorted(found, reverse=True))


def _whole(row: dict[str, Any]) -> dict[str, Any]:
    """Sums of integers are decimals on PostgreSQL."""
    return {name: value if name == "day" else round(float(value), 6) if name == "cost" else int(value) for name, value in row.items()}


def _day(dialect: str) -> sa.ColumnElement[str]:
    at = schema.run.c.created_at
    if dialect == "postgresql":
        return sa.func.to_char(sa.func.timezone("UTC", at), "YYYY-MM-DD")
    return sa.func.strftime("%Y-%m-%d", at, "unixepoch")


def _size(dialect: str) -> sa.ColumnElement[int]:
    """Bytes of an output: of its JSON, or of the blob that has it."""
    output = schema.step.c.output
    text = sa.cast(output, sa.Text) if dialect == "postgresql" else sa.cast(sa.type_coerce(output, sa.Text), sa.LargeBinary)
    own = sa.func.octet_length(text) if dialect == "postgresql" else sa.func.length(text)
    packed = output["$blob"].as_string().is_not(None)
    return sa.case((packed, output["bytes"].as_integer()), else_=own)
