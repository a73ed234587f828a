"""Two versions side by side: while a new one is rolled out nothing stops, nothing fails, and no run is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import kombu
import psycopg
import pytest

from synapse.engine import topology
from synapse.state.database import VERSION, Database
from tests.chaos.house import check
from tests.integration.engine import versions
from tests.integration.engine.conftest import FAN_OUT
from tests.integration.engine.versions import NEXT, ROOT, OtherVersion
from tests.waiting import until

BLOCKING = """
name: blocking
do:
  chain:
    - {step: block, agent: test.work, timeout: 600, with: {thing: "'blocking-1'", folder: input.folder}}
    - {step: after, agent: test.list, with: {things: input.things}}
"""
LATER = """
name: later
do:
  chain:
    - {step: list, agent: test.list, with: {things: input.things}}
    - {foreach: works, items: steps.list.things, do: {step: work, agent: test.later, with: {thing: item}}}
    - {step: sum, agent: test.sum, with: {dones: steps.works}}
"""
ENDED = "SELECT 1 FROM run WHERE id = %s AND state <> 'running'"
LEFT = "SELECT 1 FROM event WHERE name = 'step.lost' AND data -> 'error' ->> 'code' = 'newer-version' LIMIT 1"
RECORDED = "SELECT 1 FROM event WHERE name = 'step.started' AND data ->> 'worker' LIKE %s"
SETTINGS = {
    "SYNAPSE_RECONCILE_SECONDS": "0.2",
    "SYNAPSE_HINT_GRACE_SECONDS": "3",
    "SYNAPSE_TASK_EVENTS": "false",
    "SYNAPSE_LOG_FORMAT": "json",
}


class Rollout:
    """An old version at work, and a new one."""

    def __init__(self, old: Path, new: Path, folder: Path, database: str, broker: str) -> None:
        environment = {**SETTINGS, "SYNAPSE_DATABASE_URL": database, "SYNAPSE_BROKER_URL": broker, "SYNAPSE_HOME": str(folder)}
        self.folder, self.broker = folder, broker
        self.old, self.new = (OtherVersion(tree, folder, **environment) for tree in (old, new))
        self.connection = psycopg.connect(database, autocommit=True)
        self.database = Database(database, folder)

    def close(self) -> None:
        (self.folder / "enough").touch()
        (self.folder / "go").touch()
        for version in (self.old, self.new):
            version.stop()
        self.connection.close()
        self.database.close()

    def version(self) -> str:
        if not self.there("SELECT 1 WHERE to_regclass('alembic_version') IS NOT NULL"):
            return ""
        return str(self.connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])  # type: ignore[index]

    def there(self, sql: str, *parameters: str) -> bool:
        return bool(self.connection.execute(sql.encode(), parameters or None).fetchone())

    def runs(self) -> list[str]:
        return [row[0] for row in self.connection.execute("SELECT id FROM run").fetchall()]

    def faults(self) -> list[str]:
        """Lines of any program that tell of an error."""
        found = []
        for process in (*self.old.started, *self.new.started):
            lines = process.log.read_text(errors="replace").splitlines()
            found += [line for line in lines if '"level": "error"' in line or "Traceback" in line or " ERROR" in line]
        return found


def rollout_of(old: Path, new: Path, tmp_path: Path, database: str, broker: str) -> Iterator[Rollout]:
    made = Rollout(old, new, tmp_path, database, broker)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def to_the_next(postgres_url: str, broker_url: str, tmp_path: Path) -> Iterator[Rollout]:
    (tree := tmp_path / "next").mkdir()
    yield from rollout_of(ROOT, versions.next_tree(tree), tmp_path, postgres_url, broker_url)


@pytest.fixture
def from_the_previous(postgres_url: str, broker_url: str, tmp_path: Path) -> Iterator[Rollout]:
    (tree := tmp_path / "previous").mkdir()
    if versions.previous_tree(tree) is None:
        pytest.skip("this is no checkout with the commit before the tables' newest version; the next version is tried all the same")
    yield from rollout_of(tree, ROOT, tmp_path, postgres_url, broker_url)


def roll_out(rollout: Rollout, before: str, after: str, definition: str) -> list[str]:
    """Roll the new version out, worker by worker, while runs are begun and are under way; every run."""
    old, new = rollout.old, rollout.new
    old.submits(FAN_OUT)
    until(lambda: rollout.version() == before and rollout.runs(), "the old version's tables are there, and runs")
    first, second = old.worker(), old.worker()
    old.submits(BLOCKING, most=1)
    until(lambda: (rollout.folder / "started-1").exists(), "a step is under way that lasts until the end")

    new.submits(definition)
    until(lambda: rollout.version() == after, "the new version's tables are there")
    done = len(rollout.runs())
    until(lambda: len(rollout.runs()) > done + 3, "runs go on being begun")
    new.worker()
    new_worker = f"%-{new.started[-1].pid}"
    until(lambda: rollout.there(RECORDED, new_worker), "the new worker takes steps beside the old ones")
    (rollout.folder / "go").touch()
    first.stop()
    new.worker()
    second.stop()
    (rollout.folder / "enough").touch()
    runs = rollout.runs()
    for run in runs:
        until(lambda run=run: rollout.there(ENDED, run), f"end of run {run}")
    return runs


def check_all(rollout: Rollout) -> None:
    """Each run ended as it should, nothing was given up, and no program had anything to complain of."""
    until(lambda: not rollout.there("SELECT 1 FROM run WHERE state = 'running'"), "every run ends")
    for run in rollout.runs():
        check(rollout.database.queries.run(run), rollout.database.events.of_run(run, limit=10_000))
    assert rollout.faults() == []
    assert not rollout.there("SELECT 1 FROM step WHERE lost > 0")
    with kombu.Connection(rollout.broker) as connection:
        assert topology.dead_letter_queue()(connection.default_channel).queue_declare(passive=True).message_count == 0


@pytest.mark.timeout(600)
def test_todays_programs_go_on_while_the_next_version_is_rolled_out(to_the_next: Rollout) -> None:
    roll_out(to_the_next, VERSION, NEXT, LATER)
    check_all(to_the_next)
    assert to_the_next.there(LEFT), "old workers met messages that they cannot read"
    assert to_the_next.there("SELECT 1 FROM step WHERE agent = 'test.later' AND claimed_by IS NOT NULL")


@pytest.mark.timeout(600)
def test_programs_of_the_version_before_go_on_while_this_one_is_rolled_out(from_the_previous: Rollout) -> None:
    roll_out(from_the_previous, f"{int(VERSION) - 1:04}", VERSION, FAN_OUT)
    check_all(from_the_previous)


def test_a_log_that_tells_of_an_error_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "w.log").write_text(json.dumps({"level": "error", "event": "x"}) + "\n")

    class Logged:
        log = tmp_path / "w.log"

    rollout = Rollout.__new__(Rollout)
    rollout.old = rollout.new = OtherVersion(ROOT, tmp_path)
    rollout.old.started = [Logged()]  # type: ignore[list-item]
    assert len(rollout.faults()) == 2
