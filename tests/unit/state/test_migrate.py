from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.config import Config
from alembic.script import ScriptDirectory

from synapse.state.database import VERSION, Database
from tests.unit.state import expansion
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


# -- expand first, contract a version later -------------------------------------------------------------------------

# What was before the first release, when nobody could have run the version before.
BEFORE_THE_FIRST_RELEASE = {"0004", "0007"}
LATER = "UPDATE compatibility SET oldest = '0006'"


def migrations() -> list[ModuleType]:
    config = Config()
    config.set_main_option("script_location", "synapse.state:migrations")
    return [script.module for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]


def made_up(*steps: Callable[[], object], down_revision: str = "0007", **more: object) -> ModuleType:
    """A migration that does these steps."""
    module = ModuleType("made_up")
    vars(module).update({"revision": "0008", "down_revision": down_revision, "upgrade": lambda: [do() for do in steps], **more})
    return module


def new_column(**more: object) -> sa.Column[int]:
    return sa.Column("wanted", sa.Integer(), **more)  # type: ignore[arg-type]


def concurrently() -> None:
    with op.get_context().autocommit_block():
        op.create_index("step_worker", "step", ["worker"], postgresql_concurrently=True)


@pytest.mark.parametrize("migration", migrations(), ids=lambda module: module.revision)
def test_programs_of_the_version_before_can_go_on_while_a_migration_is_rolled_out(migration: ModuleType) -> None:
    assert bool(expansion.faults(migration)) == (migration.revision in BEFORE_THE_FIRST_RELEASE)


@pytest.mark.parametrize(
    "step",
    [
        lambda: op.add_column("step", new_column()),
        lambda: op.add_column("step", new_column(nullable=False, server_default="0")),
        lambda: op.create_table("fresh", new_column(nullable=False), sa.UniqueConstraint("wanted")),
        lambda: (op.create_table("fresh", new_column()), op.create_index("fresh_wanted", "fresh", ["wanted"], unique=True)),
        lambda: op.execute("INSERT INTO lease (name) VALUES ('x')"),
        lambda: op.alter_column("step", "worker", nullable=True),
        concurrently,
    ],
)
def test_what_only_adds_is_left_alone(step: Callable[[], object]) -> None:
    assert expansion.faults(made_up(step)) == []


TAKEN_AWAY: dict[str, Callable[[], object]] = {
    "older programs use the column": lambda: op.drop_column("step", "worker"),
    "older programs know it by the old name": lambda: op.alter_column("step", "worker", new_column_name="doer"),
    "older programs know it by the old name: ALTER TABLE step RENAME TO": lambda: op.rename_table("step", "steps"),
    "it is not known to leave programs": lambda: op.drop_table("flow"),
    "it is not known to leave programs of the version before alone: DELETE": lambda: op.execute("DELETE FROM step"),
    "older programs know the column as it was": lambda: op.alter_column("step", "attempt", type_=sa.BigInteger()),
    "older programs know the column as it was: ALTER TABLE step ALTER COLUMN worker SET": lambda: op.alter_column(
        "step", "worker", nullable=False
    ),
    "older programs write no value": lambda: op.add_column("step", new_column(nullable=False)),
    "a constraint refuses": lambda: op.create_unique_constraint("one", "step", ["worker"]),
    "older programs may rely on the constraint": lambda: op.drop_constraint("run_key", "run"),
    "a unique index refuses": lambda: op.create_index("one", "step", ["worker"], unique=True),
    "an index that is not made CONCURRENTLY": lambda: op.create_index("some", "step", ["worker"]),
}


@pytest.mark.parametrize("why", TAKEN_AWAY)
def test_what_takes_something_away_is_refused_with_the_reason(why: str) -> None:
    (fault,) = expansion.faults(made_up(TAKEN_AWAY[why]))
    assert fault.startswith(why)


def test_a_contract_is_for_the_version_after_the_one_whose_programs_do_without() -> None:
    drop = TAKEN_AWAY["older programs use the column"]
    told = partial(op.execute, LATER)
    assert expansion.faults(made_up(drop, told, contracts="0006")) == []
    assert "UPDATE compatibility" in expansion.faults(made_up(drop, contracts="0006"))[-1]
    assert "UPDATE compatibility" in expansion.faults(made_up(drop, told, contracts="0007"))[-1]
    assert "its successor" in expansion.faults(made_up(drop, told, contracts="0008"))[-1]
