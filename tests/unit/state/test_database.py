from __future__ import annotations

from pathlib import Path

import pytest

from synapse.errors import Unavailable
from synapse.settings import EngineSettings, StorageSettings
from synapse.state.database import VERSION, Database
from synapse.state.fused import FusedLedger
from synapse.state.ledger import Ledger
from tests.unit.state.house import House


def test_tables_that_are_missing_or_old_are_reported_with_the_remedy(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'deep' / 'x.db'}", tmp_path)
    with pytest.raises(Unavailable, match="run 'synapse db upgrade'"):
        database.check_version()
    database.upgrade()
    database.check_version()
    database.driver.rows("UPDATE alembic_version SET version_num = '0000'", {})
    with pytest.raises(Unavailable, match=f"version 0000, this program needs {VERSION}"):
        database.check_version()
    database.driver.rows("UPDATE alembic_version SET version_num = '9999'", {})
    database.check_version()
    database.driver.rows("UPDATE compatibility SET oldest = '9998'", {})
    with pytest.raises(Unavailable, match="start a newer version of Synapse"):
        database.check_version()
    database.close()


def test_each_database_gets_its_ledger(tmp_path: Path) -> None:
    assert type(Database(f"sqlite:///{tmp_path / 'x.db'}", tmp_path).ledger) is Ledger
    assert type(Database("postgresql://u@h/d", tmp_path).ledger) is FusedLedger


def test_settings_reach_the_ledger(tmp_path: Path) -> None:
    engine = EngineSettings(lease_seconds=7, hint_grace_seconds=8, max_lost=2)
    database = Database.from_settings(StorageSettings(home=tmp_path), engine)
    assert (database.ledger.lease, database.ledger.writes.grace, database.ledger.max_lost) == (7, 8, 2)


def test_a_closed_database_can_be_used_again(house: House) -> None:
    house.database.close()
    assert house.database.queries.counts() == {}
