"""Migrations on a PostgreSQL that is at work."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from synapse.errors import Unavailable
from synapse.state import migrate
from synapse.state.database import VERSION, Database
from synapse.state.queries import open_engine
from tests.waiting import PATIENCE, until

# The migration after this one changes a table that every claim updates.
BEFORE = "0004"
WAITS = "SELECT 1 FROM pg_locks WHERE relation = 'run'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted"


@pytest.fixture
def engine(postgres_url: str) -> Iterator[sa.Engine]:
    made = open_engine(postgres_url)
    migrate.upgrade(made, BEFORE)
    yield made
    made.dispose()


@contextmanager
def long_report(url: str) -> Iterator[psycopg.Connection[object]]:
    """A transaction that has read a table and does not end."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT count(*) FROM run")
        yield connection


def version(url: str) -> str:
    with psycopg.connect(url) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])  # type: ignore[index]


def test_a_migration_that_waits_for_its_lock_makes_nobody_wait_for_long(engine: sa.Engine, postgres_url: str) -> None:
    limit = f"-c statement_timeout={int(PATIENCE * 1000)}"
    with ThreadPoolExecutor(1) as pool, psycopg.connect(postgres_url, autocommit=True, options=limit) as other:
        with long_report(postgres_url):
            upgraded = pool.submit(migrate.upgrade, engine)
            until(lambda: other.execute(WAITS).fetchall(), "the migration waits for the table")
            # Without a limit this would wait behind the migration, and that behind a report that does not end before this has.
            for _ in range(3):
                other.execute("UPDATE run SET seq = seq + 1")
            assert not upgraded.done()
            assert version(postgres_url) == BEFORE
        upgraded.result(PATIENCE)
    assert version(postgres_url) == VERSION


def test_a_migration_that_never_gets_its_lock_says_what_to_do_and_leaves_nothing_behind(engine: sa.Engine, postgres_url: str) -> None:
    with long_report(postgres_url), pytest.raises(Unavailable, match="look for it in pg_stat_activity"):
        migrate.upgrade(engine, patience=0.0)
    assert version(postgres_url) == BEFORE
    with engine.connect() as connection:
        assert connection.execute(sa.text("SHOW lock_timeout")).scalar() == "0"
        assert connection.execute(sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar() == 0
    migrate.upgrade(engine)
    assert version(postgres_url) == VERSION


def test_any_other_fault_of_a_migration_is_raised_as_it_is(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE run ADD COLUMN priority integer"))
    with pytest.raises(sa.exc.ProgrammingError, match="already exists"):
        migrate.upgrade(engine)


def test_migrations_before_the_one_that_failed_are_kept(postgres_url: str, tmp_path: Path) -> None:
    database = Database(postgres_url, tmp_path)
    migrate.upgrade(database.queries.engine, "0003")
    with database.queries.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE run ADD COLUMN priority integer"))
    with pytest.raises(sa.exc.ProgrammingError):
        database.upgrade()
    assert version(postgres_url) == BEFORE
    database.close()
