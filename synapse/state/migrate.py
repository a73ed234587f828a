"""Brings the tables to this version, by Alembic, while programs of the version before work on them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
import sqlalchemy as sa
import structlog
from alembic import command
from alembic.config import Config

from synapse.errors import Unavailable

_log = structlog.get_logger(__name__)

# Any number will do, as long as every Synapse takes the same.
_ADVISORY_LOCK: Final = 727_274
LOCK_SECONDS: Final = 1.0
"""How long a migration may wait for a table: whoever asks for the table meanwhile waits behind it, claims of steps too."""
PATIENCE: Final = 600.0
"""Seconds for which a migration that does not get its lock is tried again."""


def upgrade(engine: sa.Engine, to: str = "head", *, patience: float = PATIENCE) -> None:
    """Run the migrations that are missing; of several processes at once one does it and the others wait.

    On PostgreSQL each is a transaction of its own, which gives up and is tried again rather than make others wait for its locks.
    Raises Unavailable when somebody holds them for longer than ``patience`` seconds.
    """
    with engine.connect() as connection, _alone(connection):
        config = Config()
        config.set_main_option("script_location", "synapse.state:migrations")
        config.attributes["connection"] = connection
        until = time.monotonic() + patience
        while True:
            try:
                command.upgrade(config, to)
                return
            except sa.exc.OperationalError as error:
                if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                    raise
                if time.monotonic() > until:
                    raise Unavailable(
                        f"another transaction held a table for {patience:g} seconds",
                        remedy="look for it in pg_stat_activity, and end it",
                    ) from error
                _log.info("migration.waits", reason=str(error.orig).strip())
            # Those that waited behind us have their turn.
            connection.rollback()
            time.sleep(LOCK_SECONDS * random.uniform(0.5, 1.5))


@contextmanager
def _alone(connection: sa.Connection) -> Iterator[None]:
    """Let no other process migrate meanwhile."""
    if connection.dialect.name != "postgresql":
        with connection.begin():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield
        return
    connection.execute(sa.text(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})"))
    connection.execute(sa.text(f"SET lock_timeout = {int(LOCK_SECONDS * 1000)}"))
    connection.commit()
    try:
        yield
    finally:
        # Both are the connection's, which goes back to a pool; one that broke has lost them.
        connection.rollback()
        connection.execute(sa.text("RESET lock_timeout"))
        connection.execute(sa.text(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})"))
        connection.commit()
