"""Which runs: a filter as conditions of a query, and the cursors of its pages."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from synapse.contracts.labels import label_filter
from synapse.contracts.run import RunFilter
from synapse.errors import InvalidInput
from synapse.state import schema
from synapse.state.words import MATCH, sought


def matching(query: sa.Select[Any], wanted: RunFilter, dialect: str) -> sa.Select[Any]:
    """The query, for runs only that the filter matches."""
    table = schema.run
    if wanted.state:
        query = query.where(table.c.state.in_([state.value for state in wanted.state]))
    if wanted.workflow is not None:
        query = query.where(table.c.workflow == wanted.workflow)
    if wanted.created_after is not None:
        query = query.where(table.c.created_at >= _moment(wanted.created_after))
    if wanted.created_before is not None:
        query = query.where(table.c.created_at < _moment(wanted.created_before))
    for label in wanted.label:
        query = query.where(_labelled(*label_filter(label), dialect))
    if wanted.search is not None:
        query = query.where(_found(wanted.search, dialect))
    return query


def after(query: sa.Select[Any], cursor: str | None) -> sa.Select[Any]:
    """The query newest first, from the cursor on. Raises InvalidInput for a cursor that is none of ours."""
    table = schema.run
    query = query.order_by(table.c.created_at.desc(), table.c.id.desc())
    if cursor is None:
        return query
    at, last = read_cursor(cursor)
    return query.where(sa.tuple_(table.c.created_at, table.c.id) < sa.tuple_(_moment(at), sa.literal(last)))


def write_cursor(at: datetime, run: str) -> str:
    """The cursor after that run."""
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), run]).encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[datetime, str]:
    """What `write_cursor` wrote. Raises InvalidInput."""
    try:
        at, run = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(run, str) or "\0" in run:
            raise ValueError(text)
        run.encode()  # half a surrogate pair is no text for a database
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput("not a cursor of this API", field="cursor", remedy="use the value of 'next'") from error
    return moment, run


def _moment(at: datetime) -> Any:
    return sa.literal(at, schema.Timestamp)


def _labelled(key: str, value: str | None, dialect: str) -> sa.ColumnElement[bool]:
    labels = schema.run.c.labels
    if dialect == "postgresql":
        # In the words of the index, which is of runs with labels only.
        there = sa.text("run.labels <> '{}'")
        held = sa.cast(labels, postgresql.JSONB)
        return sa.and_(there, held.has_key(key) if value is None else held.contains({key: value}))
    at = sa.func.json_extract(labels, f'$."{key}"')
    return at.is_not(None) if value is None else at == value


def _found(text: str, dialect: str) -> sa.ColumnElement[bool]:
    words = sought(dialect, text)
    if words is None:
        return sa.false()
    return schema.run.c.id.in_(sa.text(MATCH[dialect]).bindparams(sought=words).columns(sa.column("run", sa.Text)).subquery().select())
