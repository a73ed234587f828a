from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from synapse.state.database import VERSION, Database
from tests.waiting import PATIENCE


def test_the_newest_migration_is_the_version_that_the_program_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", "synapse.state:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [VERSION]


def test_of_many_that_upgrade_an_empty_file_at_once_none_fails(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def upgrade(_: int) -> str:
        database = Database(f"sqlite:///{tmp_path / 'x.db'}", tmp_path)
        together.wait(PATIENCE)
        try:
            database.upgrade()
            database.check_version()
            return str(database.driver.rows("SELECT version_num FROM alembic_version", {})[0][0])
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(upgrade, range(4), timeout=PATIENCE)) == [VERSION] * 4
