"""One database, opened: the ledger and everything else that is kept in it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from synapse.contracts.blobs import BlobStore
from synapse.errors import Unavailable
from synapse.settings import EngineSettings, StorageSettings
from synapse.state.api_keys import ApiKeys
from synapse.state.blobs import FolderBlobs, SqlBlobs
from synapse.state.dead_letters import DeadLetters
from synapse.state.definitions import Definitions
from synapse.state.deliveries import Deliveries
from synapse.state.driver import PostgresDriver, open_driver
from synapse.state.events import Events
from synapse.state.firings import Firings
from synapse.state.fused import FusedLedger
from synapse.state.fused_lifecycle import FusedLifecycle
from synapse.state.leases import Leases
from synapse.state.ledger import Ledger
from synapse.state.lifecycle import Lifecycle
from synapse.state.packing import Packer
from synapse.state.published import Shelf
from synapse.state.reconcile import Reconciler
from synapse.state.schedules import Schedules
from synapse.state.tenants import Tenants
from synapse.state.webhooks import Webhooks

if TYPE_CHECKING:
    from synapse.contracts.principal import Tenant
    from synapse.state.holdings import Holdings
    from synapse.state.queries import Queries

VERSION = "0011"
"""The newest migration: what the tables must be at for this program."""

_HAS_TABLES = {
    "postgresql": "SELECT to_regclass('alembic_version') IS NOT NULL",
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'",
}


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
        self._packer = Packer(blobs, inline_limit)
        ledger = FusedLedger if isinstance(self.driver, PostgresDriver) else Ledger
        self.ledger: Ledger = ledger(
            self.driver,
            self._packer,
            grace=engine.hint_grace_seconds,
            lease=engine.lease_seconds,
            max_lost=engine.max_lost,
            rollout=engine.rollout_seconds,
        )
        lifecycle = FusedLifecycle if isinstance(self.driver, PostgresDriver) else Lifecycle
        self.lifecycle: Lifecycle = lifecycle(self.ledger)
        self.definitions = Definitions(self.driver)
        self.reconciler = Reconciler(self.ledger, self.lifecycle, self.definitions)
        self.events = Events(self.driver)
        self.tenants = Tenants(self.driver)
        self.leases = Leases(self.driver)
        self.dead_letters = DeadLetters(self.driver)
        self.api_keys = ApiKeys(self.driver)
        self.schedules = Schedules(self.driver)
        self.firings = Firings(self.driver, self.lifecycle)
        self.webhooks = Webhooks(self.driver)
        self.deliveries = Deliveries(self.driver)

    @classmethod
    def from_settings(cls, storage: StorageSettings, engine: EngineSettings) -> Database:
        """The database that the settings name."""
        return cls(storage.database, storage.home, engine, storage.inline_limit)

    @cached_property
    def queries(self) -> Queries:
        """Questions about everybody's runs. Imported on first use: a worker asks none, and SQLAlchemy would be a fifth of its memory."""
        from synapse.state.queries import Queries, open_engine

        return Queries(open_engine(self.url), self._packer, None)

    def of(self, tenant: Tenant) -> Holdings:
        """What that tenant has, and nothing else."""
        from synapse.state.holdings import Holdings
        from synapse.state.queries import Queries

        queries = Queries(self.queries.engine, self._packer, tenant)
        return Holdings(queries, self.lifecycle, self.events, self.definitions, self.blobs)

    def shelf(self, tenant: Tenant) -> Shelf:
        """The workflows that the tenant made."""
        return Shelf(self.driver, tenant)

    def upgrade(self) -> None:
        """Bring the tables to this version, while others work on them; safe to call by several processes at once.

        Tables that a newer version made and this one can use are left as they are. Raises Unavailable when it cannot use them.
        """
        from synapse.state.migrate import upgrade

        if not self._usable():
            upgrade(self.queries.engine)

    def check_version(self) -> None:
        """Raise Unavailable, saying what to do, when the database does not answer or this program cannot use its tables."""
        if not self._usable():
            raise Unavailable(
                f"the tables are at version {self.version()}, this program needs {VERSION}", remedy="run 'synapse db upgrade'"
            )

    def _usable(self) -> bool:
        """Whether the tables are of this version, or of a newer one that works with this program, too; false when they are older.

        Raises Unavailable when they are too new.
        """
        current = self.version()
        if current is None or current < VERSION:
            return False
        oldest = self.driver.rows("SELECT oldest FROM compatibility", {})
        if oldest and oldest[0][0] > VERSION:
            raise Unavailable(
                f"the tables are at version {current}, which programs before version {oldest[0][0]} cannot use; this one is of {VERSION}",
                remedy="start a newer version of Synapse",
            )
        return True

    def version(self) -> str | None:
        """Which migration the tables are at; None where there are none. Raises Unavailable."""
        if not self.driver.rows(_HAS_TABLES[self.driver.name], {})[0][0]:
            return None
        rows = self.driver.rows("SELECT version_num FROM alembic_version", {})
        return str(rows[0][0]) if rows else None

    def close(self) -> None:
        """Close every connection."""
        self.driver.close()
        queries = self.__dict__.pop("queries", None)
        if queries is not None:
            queries.engine.dispose()
