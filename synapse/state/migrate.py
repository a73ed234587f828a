"""Brings the tables to this version, by Alembic."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

# Any number will do, as long as every Synapse takes the same.
_ADVISORY_LOCK = 727_274


def upgrade(engine: sa.Engine) -> None:
    """Run the migrations that are missing; of several processes at once one does it and the others wait."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config = Config()
        config.set_main_option("script_location", "synapse.state:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
