from __future__ import annotations

import threading
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
    faults: list[BaseException] = []

    def upgrade() -> None:
        database = Database(f"sqlite:///{tmp_path / 'x.db'}", tmp_path)
        try:
            database.upgrade()
            database.check_version()
        except BaseException as error:
            faults.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert faults == []
