from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql, sqlite

from synapse.state import schema
from tests.unit.state.house import House


def test_the_migrations_make_the_tables_that_the_schema_describes(house: House) -> None:
    with house.database.queries.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    assert [each for each in differences if each[0] != "remove_table"] == []


def test_a_time_is_the_same_moment_whatever_zone_it_is_given_in() -> None:
    kind = schema.Timestamp()
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone(timedelta(hours=5)))
    stored = kind.process_bind_param(moment, sqlite.dialect())
    assert kind.process_result_value(stored, sqlite.dialect()) == moment.astimezone(UTC)
    assert kind.process_bind_param(None, sqlite.dialect()) is None
    assert kind.process_bind_param(moment, postgresql.dialect()) is moment


def test_index_texts_compare_by_byte_on_postgresql() -> None:
    made = str(sa.schema.CreateTable(schema.step).compile(dialect=postgresql.dialect()))
    assert 'idx TEXT COLLATE "C"' in made
    assert "output JSONB" in made
