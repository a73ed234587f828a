"""The hot path's way to the database: psycopg or sqlite3 directly, one held connection a thread.

SQL is written once, with ``:name`` parameters and macros where the databases differ: ``{now}``, ``{in:name}`` (now plus that
many seconds), ``{at:name}`` (a moment in epoch seconds), ``{json:name}`` (a parameter that is JSON text), ``{position}`` (this
transaction's place in the order of events), ``{later}`` (the same for an update of ``run``: never before the place that the run has
already), ``{uuid}`` (a new random id) and ``{object}`` (the function that makes a JSON object of names and values).
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, Protocol, TypeVar

import psycopg

from synapse.errors import Unavailable
from synapse.faults import reach

Rows = list[tuple[Any, ...]]
Result = TypeVar("Result")

BUSY_SECONDS: Final = 30.0
"""How long a statement on SQLite waits for who writes."""


class Session(Protocol):
    """Runs statements; inside `Driver.transaction` they commit together."""

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Rows:
        """The rows that the statement returns; none for one that returns none."""


class Driver(Protocol):
    """A database, as the ledger needs it."""

    name: str

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Rows:
        """One statement, one commit."""

    def transaction(self) -> Any:
        """A context manager that gives a Session; commits at its end, rolls back on an exception."""

    def atomic(self, work: Callable[[Session], Result]) -> Result:
        """Run the work in a transaction, again when the database chose it as a deadlock's victim."""

    def loads(self, value: Any) -> Any:
        """The object in a JSON column's value."""

    def moment(self, value: Any) -> datetime | None:
        """The time in a time column's value."""

    def stored(self, moment: datetime | None) -> Any:
        """A time as a parameter, equal to the column's value that it was read from."""

    def close(self) -> None:
        """Close every thread's connection."""


_MACRO = re.compile(r"\{(now|position|later|uuid|object|at:\w+|in:\w+|json:\w+)\}")
_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


_VICTIM = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


# A plan made while the tables were empty is kept for the connection's life: without this it would be a scan of whole tables,
# and every statement here goes by a key or by a sweep's index.
_OPTIONS = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"


class PostgresDriver:
    """psycopg 3, autocommit, prepared statements with generic plans: the shapes never change, only the values do."""

    name = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = re.sub(r"^postgresql\+psycopg:", "postgresql:", url)
        self._local = threading.local()
        self._all: list[psycopg.Connection[Any]] = []
        self._listing = threading.Lock()

    def _connection(self) -> psycopg.Connection[Any]:
        held: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        if held is not None and not held.closed:
            return held
        try:
            made = psycopg.connect(self._url, autocommit=True, options=_OPTIONS, connect_timeout=10)
        except psycopg.OperationalError as error:
            raise Unavailable(f"PostgreSQL does not answer: {str(error).splitlines()[0]}") from error
        made.prepare_threshold = 0
        self._local.connection = made
        # Threads that connect at once must not take each other off the list: what is not on it is never closed.
        with self._listing:
            self._all = [each for each in self._all if not each.closed] + [made]
        return made

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Rows:
        """One statement, one commit. A connection that broke while idle is replaced once."""
        with self._translated():
            try:
                return _fetch(self._connection().execute(_postgres(sql), parameters))
            except psycopg.OperationalError as error:
                if not isinstance(error, _VICTIM) and not self._connection_broke():
                    raise
                # Whether the lost statement was committed is unknown; every statement that comes here may run twice.
                return _fetch(self._connection().execute(_postgres(sql), parameters))

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction at READ COMMITTED: a statement sees what was committed before it."""
        with self._translated(), self._connection().transaction():
            yield _PostgresSession(self._connection())

    def atomic(self, work: Callable[[Session], Result]) -> Result:
        """Run the work in a transaction; a deadlock's victim and a connection that broke before are tried again."""
        for last in (False, False, True):
            try:
                with self._connection().transaction():
                    done = work(_PostgresSession(self._connection()))
                    reach("in-commit")
                    return done
            except _VICTIM:
                if last:
                    raise
            except psycopg.OperationalError as error:
                if last or not self._connection_broke():
                    raise Unavailable(f"PostgreSQL does not answer: {str(error).splitlines()[0]}") from error
        raise AssertionError("unreachable: the last round returns or raises")

    def _connection_broke(self) -> bool:
        held: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        return held is None or held.closed or held.broken

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.OperationalError as error:
            raise Unavailable(f"PostgreSQL does not answer: {str(error).splitlines()[0]}") from error

    def loads(self, value: Any) -> Any:
        """Psycopg has decoded it."""
        return value

    def moment(self, value: Any) -> datetime | None:
        """Psycopg has decoded it; in UTC whatever the session's zone is."""
        return value.astimezone(UTC) if isinstance(value, datetime) else None

    def stored(self, moment: datetime | None) -> Any:
        """Psycopg encodes it."""
        return moment

    def close(self) -> None:
        """Close every thread's connection."""
        for connection in self._all:
            connection.close()
        self._local = threading.local()


class _PostgresSession:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Rows:
        return _fetch(self._connection.execute(_postgres(sql), parameters))


def _fetch(cursor: psycopg.Cursor[Any]) -> Rows:
    return cursor.fetchall() if cursor.description else []


# A transaction's id is its place; but one that got its id early may reach the run late, hence `later`.
_POSTGRES_POSITION = "CAST(CAST(pg_current_xact_id() AS text) AS bigint)"


@lru_cache(maxsize=512)
def _postgres(sql: str) -> bytes:
    def macro(match: re.Match[str]) -> str:
        kind, _, name = match[1].partition(":")
        return {
            "now": "now()",
            "in": f"(now() + make_interval(secs => :{name}))",
            "at": f"to_timestamp(:{name})",
            "json": f"CAST(:{name} AS jsonb)",
            "position": _POSTGRES_POSITION,
            "later": f"greatest(run.position, {_POSTGRES_POSITION})",
            "uuid": "CAST(gen_random_uuid() AS text)",
            "object": "jsonb_build_object",
        }[kind]

    # A literal percent sign would be psycopg's; none of our statements has one.
    return _PARAMETER.sub(r"%(\1)s", _MACRO.sub(macro, sql)).encode()


def enter_wal(connection: sqlite3.Connection) -> None:
    """Have the file in WAL mode. Raises OperationalError when others keep it from that for `BUSY_SECONDS`.

    SQLite turns whoever finds another one about to write away at once, whatever the busy timeout is: of several that open a new file
    together, all but one.
    """
    until = monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(random.uniform(0.001, 0.01))


class SqliteDriver:
    """sqlite3 in WAL mode; every transaction takes the write lock at its start, so it never has to be repeated."""

    name = "sqlite"

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def _connection(self) -> sqlite3.Connection:
        held: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if held is None:
            held = sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False, cached_statements=512)
            try:
                enter_wal(held)
                # A killed process loses nothing; only a power cut can lose the last commits.
                held.execute("PRAGMA synchronous=NORMAL")
                held.execute("PRAGMA foreign_keys=ON")
            except BaseException:
                held.close()
                raise
            self._local.connection = held
            with self._lock:
                self._all.append(held)
        return held

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Rows:
        """One statement, one commit; a reading one takes no lock."""
        try:
            return _SqliteSession(self._connection()).rows(sql, parameters)
        except sqlite3.OperationalError as error:
            raise Unavailable(f"SQLite: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction that holds the write lock from its start."""
        connection = self._connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Unavailable(f"SQLite: {error}") from error
        try:
            yield _SqliteSession(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def atomic(self, work: Callable[[Session], Result]) -> Result:
        """Run the work in a transaction."""
        with self.transaction() as session:
            done = work(session)
            reach("in-commit")
            return done

    def loads(self, value: Any) -> Any:
        """Decode a JSON column."""
        return None if value is None else json.loads(value)

    def moment(self, value: Any) -> datetime | None:
        """Decode epoch seconds."""
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def stored(self, moment: datetime | None) -> Any:
        """Epoch seconds."""
        return None if moment is None else moment.timestamp()

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()
            self._local = threading.local()


class _SqliteSession:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Rows:
        return self._connection.execute(_sqlite(sql), parameters).fetchall()


# SQLite's own clock to the millisecond: `unixepoch('subsec')` is newer than Debian 12's SQLite. Rounded, for a time that was
# read, written into a page's cursor and compared must be the same number again.
_SQLITE_NOW = "round((julianday('now') - 2440587.5) * 86400.0, 3)"
# There is one writer at a time, so the number after the newest is the order of commits.
_SQLITE_POSITION = "(SELECT coalesce(max(position), 0) + 1 FROM event)"


@lru_cache(maxsize=512)
def _sqlite(sql: str) -> str:
    def macro(match: re.Match[str]) -> str:
        kind, _, name = match[1].partition(":")
        return {
            "now": _SQLITE_NOW,
            "in": f"({_SQLITE_NOW} + :{name})",
            "at": f":{name}",
            "json": f":{name}",
            "position": _SQLITE_POSITION,
            "later": _SQLITE_POSITION,
            "uuid": "lower(hex(randomblob(16)))",
            "object": "json_object",
        }[kind]

    return _MACRO.sub(macro, sql)


def open_driver(url: str) -> Driver:
    """The driver for ``postgresql://…`` or ``sqlite:///path``."""
    if url.startswith("sqlite:///"):
        return SqliteDriver(url.removeprefix("sqlite:///"))
    return PostgresDriver(url)
