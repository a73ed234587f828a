"""A client's side of the engine, and worker processes over real RabbitMQ and PostgreSQL."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from synapse.contracts.messages import Event
from synapse.contracts.run import RunDetail
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, StorageSettings
from synapse.state.lifecycle import NewRun
from synapse.workflows.compile import compile_workflow
from synapse.workflows.definition import parse
from tests.integration.engine.app import registry
from tests.services.process import ServerProcess
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).parents[3]

FAN_OUT = """
name: fan-out
do:
  chain:
    - {step: list, agent: test.list, with: {things: input.things}}
    - foreach: works
      items: steps.list.things
      do: {step: work, agent: test.work, with: {thing: item, folder: input.folder}, on_error: skip}
    - {step: sum, agent: test.sum, with: {dones: steps.works, skipped: skipped.works}}
"""


class Client:
    """Starts runs and looks at them, as the service does, with the test's own agents."""

    def __init__(self, database: str, broker: str, folder: Path) -> None:
        self.folder = folder
        storage = StorageSettings(database_url=SecretStr(database), home=folder)
        self.runtime = Runtime(storage, BrokerSettings(broker_url=SecretStr(broker)), registry=registry())
        self.runtime.database.upgrade()

    def begin(
        self, definition: str, given: dict[str, Any], *, timeout: float = 300.0, publish: bool = True, traceparent: str | None = None
    ) -> str:
        """Start a run; without ``publish`` its first message is as good as lost."""
        program = compile_workflow(parse(definition), self.runtime.registry)
        new = NewRun(str(uuid.uuid4()), {**given, "folder": str(self.folder)}, timeout, traceparent=traceparent)
        begun = self.runtime.database.lifecycle.begin(program, new)
        if publish:
            self.runtime.publisher.hints(begun.hints)
        return begun.run

    def ended(self, run: str, seconds: float = PATIENCE) -> RunDetail:
        """The run, once it has ended."""
        until(lambda: self.runtime.database.queries.state(run).terminal, f"end of run {run}", seconds)
        return self.run(run)

    def run(self, run: str) -> RunDetail:
        """The run as it is."""
        return self.runtime.database.queries.run(run)

    def events(self, run: str, name: str | None = None) -> list[Event]:
        """Its events."""
        return [event for event in self.runtime.database.events.of_run(run) if name in (None, event.name)]

    def column(self, name: str) -> list[Any]:
        """A column of every step in the database."""
        return [row[0] for row in self.runtime.database.driver.rows(f"SELECT {name} FROM step", {})]


class WorkerProcesses:
    """``celery worker`` processes of the test's application."""

    def __init__(self, database: str, broker: str, folder: Path) -> None:
        self._folder = folder
        self._env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "SYNAPSE_DATABASE_URL": database,
            "SYNAPSE_BROKER_URL": broker,
            "SYNAPSE_RECONCILE_SECONDS": "0.2",
            "SYNAPSE_LEASE_SECONDS": "3",
            "SYNAPSE_HINT_GRACE_SECONDS": "3",
        }
        self.started: list[ServerProcess] = []

    def start(self, *options: str, count: int = 1, **settings: str) -> list[ServerProcess]:
        """Start workers and wait until they take work."""
        made = []
        for _ in range(count):
            number = len(self.started)
            command = [sys.executable, "-m", "celery", "-A", "tests.integration.engine.app", "worker", "-Q", "synapse-test"]
            process = ServerProcess(
                [*command, "-n", f"test{number}@localhost", "--without-gossip", "--without-mingle", *options],
                log=self._folder / f"worker-{number}.log",
                env={**self._env, **settings},
            )
            self.started.append(process)
            made.append(process)
        for process in made:
            process.wait_until(lambda process=process: "takes work" in process.log.read_text(errors="replace"), "worker")
        return made

    def stop(self) -> None:
        """End them all."""
        for process in self.started:
            process.stop()


@pytest.fixture
def client(tables_url: str, broker_url: str, tmp_path: Path) -> Iterator[Client]:
    """A client over a fresh database and virtual host."""
    made = Client(tables_url, broker_url, tmp_path)
    yield made
    made.runtime.close()


@pytest.fixture
def workers(tables_url: str, broker_url: str, tmp_path: Path, client: Client) -> Iterator[WorkerProcesses]:
    """Starts workers over the same; they end with the test."""
    made = WorkerProcesses(tables_url, broker_url, tmp_path)
    yield made
    made.stop()
