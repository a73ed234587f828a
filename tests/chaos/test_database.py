"""PostgreSQL restarted, killed, cut off and out of disk; SQLite locked."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from synapse.engine.app import create_app
from synapse.engine.embedded import EmbeddedWorker
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, EngineSettings, StorageSettings
from tests.chaos.app import registry
from tests.chaos.house import House, Load, check, last, outage
from tests.chaos.matrix import proves
from tests.integration.engine.conftest import Client
from tests.services import Postgres, RabbitMQ
from tests.there import there
from tests.waiting import until

CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@proves(
    "PostgreSQL restarted, or killed and started again",
    "nothing is acknowledged that is not committed; workers connect again, leases run out and the reconciler sends what was spent",
    "503 with `Retry-After` while it is away; runs go on afterwards",
    at={"restart": "anywhere, under load", "kill": "anywhere, under load"},
    waits="lease and hint grace",
)
@pytest.mark.parametrize("how", ["restart", "kill"])
@pytest.mark.timeout(240)
def test_a_database_that_goes_and_comes_back_loses_nothing(house: House, took: Callable[[float], None], how: str) -> None:
    took(outage(house, house.postgres, how))


@proves(
    "connections to PostgreSQL cut, again and again",
    "each statement is tried once more on a new connection; the fence makes that harmless when the first had been committed",
    "nothing",
    at="anywhere, under load",
    waits="lease, where a step was cut twice",
)
@pytest.mark.timeout(240)
def test_cut_connections_are_replaced_and_nothing_is_done_twice(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    house.workers.start("-P", "threads", "-c", "2")
    with psycopg.connect(house.database, autocommit=True) as cutter, Load(house) as load:
        first = time.time()
        for wanted in range(5, 30, 5):
            until(lambda wanted=wanted: len(load.runs) > wanted, "load")  # type: ignore[misc] # bound now
            cutter.execute(CUT)
    for run in load.runs:
        house.sound(run, seconds=180)
    took(last(house, load.runs, first))


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own with 32 MB, owned by PostgreSQL's user; skips where none can be mounted."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a file system is mounted by root only")
    user = pwd.getpwnam("postgres")
    folder.mkdir()
    options = f"size=32m,uid={user.pw_uid},gid={user.pw_gid},mode=700"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@proves(
    "PostgreSQL's disk is full",
    "what cannot be committed is refused as a whole; when there is room again, leases run out and the steps are tried again",
    "503 for new runs; runs under way wait",
    at="in every commit that needs room",
    waits="the full disk; then lease and hint grace",
)
@pytest.mark.timeout(240)
def test_a_full_disk_holds_runs_up_and_loses_none(
    postgres: Postgres, broker_url: str, rabbitmq: RabbitMQ, tmp_path: Path, took: Callable[[float], None]
) -> None:
    postgres.start()
    # Below PostgreSQL's own folder: its user has no way into this test's.
    with small_disk(postgres.folder / "small") as disk, psycopg.connect(postgres.url, autocommit=True) as admin:
        admin.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        url = postgres.create_database()
        name = url.rpartition("/")[2]
        admin.execute(f"ALTER DATABASE {name} SET TABLESPACE small")
        house = House(url, broker_url, tmp_path, postgres, rabbitmq)
        try:
            _fill_and_free(house, disk, took)
        finally:
            house.close()
            postgres.drop_database(url)
            admin.execute("DROP TABLESPACE small")


def _fill_and_free(house: House, disk: Path, took: Callable[[float], None]) -> None:
    house.keep()
    house.workers.start("-P", "threads", "-c", "2")
    before = [house.begin() for _ in range(3)]
    for run in before:
        house.sound(run)
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        while True:
            file.write(b"x" * 65_536)
            file.flush()
    full = time.time()
    # Until a page must be added, there is room in those that are there.
    with Load(house, given={"things": ["plain-" + "x" * 2000] * 5}) as load:
        until(lambda: load.refused, "the disk is full")
        ballast.unlink()
        seen = len(load.runs)
        until(lambda: len(load.runs) > seen + 3, "there is room again")
    for run in load.runs:
        house.sound(run, seconds=180)
    took(last(house, load.runs, full))


EMBEDDED = """
name: embedded
do:
  chain:
    - {step: list, agent: test.list, with: {things: input.things}}
    - foreach: works
      items: steps.list.things
      do: {step: work, agent: test.work, with: {thing: item}}
    - {step: sum, agent: test.sum, with: {dones: steps.works}}
"""


class EmbeddedClient(Client):
    """The same over SQLite and memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        engine = EngineSettings(lease_seconds=2, hint_grace_seconds=2, reconcile_seconds=0.2)
        self.runtime = Runtime(
            StorageSettings(database_url=None, home=folder), BrokerSettings(broker_url=None), engine, registry=registry()
        )
        self.runtime.database.upgrade()


@proves(
    "SQLite locked by another process",
    "writers wait up to 30 seconds for the lock, then the step's hint is spent and the reconciler sends another",
    "runs wait while it is locked",
    at="in every commit",
    waits="the lock",
)
def test_a_locked_sqlite_holds_runs_up_and_loses_none(tmp_path: Path, took: Callable[[float], None]) -> None:
    client = EmbeddedClient(tmp_path)
    worker = EmbeddedWorker(create_app(client.runtime, set_as_current=False), 2)
    worker.start()
    try:
        other = sqlite3.connect(tmp_path / "synapse.db", isolation_level=None)
        runs = [client.begin(EMBEDDED, {"things": ["plain-1", "plain-2"]}) for _ in range(5)]
        other.execute("BEGIN IMMEDIATE")
        locked = time.time()
        waiting: list[str] = []
        begun = threading.Thread(target=lambda: waiting.append(client.begin(EMBEDDED, {"things": ["plain-3"]})))
        begun.start()
        begun.join(1.0)
        assert begun.is_alive(), "it waits for the lock"
        other.execute("ROLLBACK")
        begun.join()
        other.close()
        for run in [*runs, *waiting]:
            check(client.ended(run), client.events(run))
        took(there(client.run(waiting[0]).finished_at, "end of the run").timestamp() - locked)
    finally:
        worker.stop()
        client.runtime.close()
