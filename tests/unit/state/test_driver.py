from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from synapse.errors import Unavailable
from synapse.state.driver import PostgresDriver, Session, SqliteDriver, _postgres, _sqlite, open_driver
from tests.waiting import PATIENCE


@pytest.fixture
def driver(tmp_path: Path) -> SqliteDriver:
    made = SqliteDriver(tmp_path / "x.db")
    made.rows("CREATE TABLE t (n INTEGER)", {})
    return made


def test_the_url_decides_which_database_it_is(tmp_path: Path) -> None:
    assert open_driver(f"sqlite:///{tmp_path / 'x.db'}").name == "sqlite"
    assert open_driver("postgresql://u@h/d").name == "postgresql"


def test_parameters_and_macros_become_what_each_database_understands() -> None:
    sql = "SELECT {now}, {in:lease}, {json:output} FROM t WHERE a = :a AND b = '1'::text"
    assert _postgres(sql) == (
        b"SELECT now(), (now() + make_interval(secs => %(lease)s)), CAST(%(output)s AS jsonb) FROM t WHERE a = %(a)s AND b = '1'::text"
    )
    assert ":lease" in _sqlite(sql)
    assert "julianday" in _sqlite(sql)
    assert ":output" in _sqlite(sql)


def test_a_transaction_commits_whole_or_not_at_all(driver: SqliteDriver) -> None:
    def broken(session: Session) -> None:
        session.rows("INSERT INTO t VALUES (:n)", {"n": 2})
        raise RuntimeError

    with driver.transaction() as session:
        session.rows("INSERT INTO t VALUES (:n)", {"n": 1})
    with pytest.raises(RuntimeError):
        driver.atomic(broken)
    assert driver.rows("SELECT n FROM t", {}) == [(1,)]
    assert driver.atomic(lambda session: session.rows("SELECT count(*) FROM t", {})) == [(1,)]


def test_threads_wait_for_one_another_s_transactions_instead_of_failing(driver: SqliteDriver) -> None:
    def add() -> None:
        for _ in range(20):
            driver.atomic(lambda session: session.rows("UPDATE t SET n = n + 1", {}))

    driver.rows("INSERT INTO t VALUES (0)", {})
    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert driver.rows("SELECT n FROM t", {}) == [(80,)]


def writing(path: Path) -> sqlite3.Connection:
    """Who begins to write to a file without WAL: SQLite tells another one who switches to it that it is locked, and does not wait."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def test_who_finds_others_at_a_new_file_waits_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(writing(tmp_path / "new.db")) as other, closing(SqliteDriver(tmp_path / "new.db")) as driver:
        monkeypatch.setattr("synapse.state.driver.sleep", lambda _: other.rollback())
        assert driver.rows("PRAGMA journal_mode", {}) == [("wal",)]


def test_a_new_file_that_others_keep_is_unavailable_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synapse.state.driver.BUSY_SECONDS", 0)
    with closing(writing(tmp_path / "new.db")), closing(SqliteDriver(tmp_path / "new.db")) as driver:
        with pytest.raises(Unavailable, match="database is locked"):
            driver.rows("SELECT 1", {})
        assert driver._all == []


def test_now_is_the_time_in_utc(driver: SqliteDriver) -> None:
    before = datetime.now(UTC).timestamp()
    ((now, later),) = driver.rows("SELECT {now}, {in:more}", {"more": 60.0})
    assert before - 0.002 <= now <= datetime.now(UTC).timestamp() + 0.002
    assert later - now == pytest.approx(60, abs=0.01)
    moment = driver.moment(now)
    assert moment is not None
    assert moment.tzinfo is UTC


def test_a_database_that_cannot_be_opened_or_reached_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="SQLite"):
        SqliteDriver(tmp_path / "x.db").rows("SELECT * FROM nowhere", {})
    nobody = PostgresDriver("postgresql+psycopg://u:p@127.0.0.1:1/d")
    with pytest.raises(Unavailable, match="PostgreSQL does not answer"):
        nobody.rows("SELECT 1", {})
    with pytest.raises(Unavailable, match="PostgreSQL does not answer"):
        nobody.atomic(lambda session: session.rows("SELECT 1", {}))


def test_a_closed_driver_opens_again_when_it_is_used(driver: SqliteDriver) -> None:
    driver.close()
    assert driver.rows("SELECT count(*) FROM t", {}) == [(0,)]
    driver.close()


class _Held:
    """A connection as the driver keeps it; whoever asks whether it is closed lets other threads go first."""

    prepare_threshold = 0
    ended = False

    @property
    def closed(self) -> bool:
        time.sleep(0)
        return self.ended

    def close(self) -> None:
        self.ended = True


def test_connections_that_threads_make_at_once_are_all_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[_Held] = []
    monkeypatch.setattr(psycopg, "connect", lambda *_, **__: made.append(_Held()) or made[-1])
    driver = PostgresDriver("postgresql://nowhere/none")
    together = threading.Barrier(32)

    def connect() -> None:
        together.wait(PATIENCE)
        driver._connection()

    threads = [threading.Thread(target=connect) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    driver.close()
    assert [each.ended for each in made] == [True] * 32
