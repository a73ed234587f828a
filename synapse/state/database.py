"""One database, opened: the ledger and everything else that is kept in it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from synapse.contracts.blobs import BlobStore
from synapse.errors import Unavailable
from synapse.settings import EngineSettings, StorageSettings
from synapse.state.blobs import FolderBlobs, SqlBlobs
from synapse.state.driver import PostgresDriver, open_driver
from synapse.state.events import Events
from synapse.state.fused import FusedLedger
from synapse.state.leases import Leases
from synapse.state.ledger import Ledger
from synapse.state.lifecycle import Lifecycle
from synapse.state.packing import Packer
from synapse.state.queries import Queries
from synapse.state.reconcile import Reconciler


class Database:
    """Everything Synapse keeps. Opening connects to nothing; each part connects when it is first used."""

    def __init__(self, url: str, home: Path, engine: EngineSettings | None = None, inline_limit: int = 65_536) -> None:
        engine = engine or EngineSettings()
        self.url = url
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self.driver = open_driver(url)
        blobs = SqlBlobs(self.driver) if isinstance(self.driver, PostgresDriver) else FolderBlobs(home / "blobs")
        self.blobs: BlobStore = blobs
        packer = Packer(blobs, inline_limit)
        ledger = FusedLedger if isinstance(self.driver, PostgresDriver) else Ledger
        self.ledger: Ledger = ledger(
            self.driver, packer, grace=engine.hint_grace_seconds, lease=engine.lease_seconds, max_lost=engine.max_lost
        )
        self.lifecycle = Lifecycle(self.ledger)
        self.reconciler = Reconciler(self.ledger, self.lifecycle)
        self.events = Events(self.driver)
        self.leases = Leases(self.driver)
        self._engine = _engine(url)
        self.queries = Queries(self._engine, packer)

    @classmethod
    def from_settings(cls, storage: StorageSettings, engine: EngineSettings) -> Database:
        """The database that the settings name."""
        return cls(storage.database, storage.home, engine, storage.inline_limit)

    def upgrade(self) -> None:
        """Bring the tables to this version; safe to call by several processes at once."""
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(727274)"))
            config = _alembic()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def check_version(self) -> None:
        """Raise Unavailable, saying what to do, when the tables are not of this version."""
        try:
            with self._engine.connect() as connection:
                current = MigrationContext.configure(connection).get_current_revision()
        except sa.exc.OperationalError as error:
            raise Unavailable(f"the database does not answer: {str(error.orig).splitlines()[0]}") from error
        newest = ScriptDirectory.from_config(_alembic()).get_current_head()
        if current != newest:
            raise Unavailable(f"the tables are at version {current}, this program needs {newest}", remedy="run 'synapse db upgrade'")

    def close(self) -> None:
        """Close every connection."""
        self.driver.close()
        self._engine.dispose()


def _engine(url: str) -> sa.Engine:
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, connect_args={"timeout": 30})

        @sa.event.listens_for(engine, "connect")
        def _(connection: object, _record: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined] # sqlite3's own connection

        return engine
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), pool_pre_ping=True, pool_size=5)


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", "synapse.state:migrations")
    return config
