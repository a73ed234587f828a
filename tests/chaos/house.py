"""One database, one virtual host, a client, worker processes that fail, and the checks that every run must pass."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from synapse.contracts.messages import Event
from synapse.contracts.run import RunDetail
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, EngineSettings, StorageSettings
from tests.chaos.app import registry
from tests.chaos.workers import LEASE, Workers
from tests.integration.engine.conftest import Client
from tests.services import Postgres, RabbitMQ
from tests.waiting import PATIENCE, until

CHAIN = """
name: chaos
do:
  chain:
    - {step: list, agent: test.list, with: {things: input.things}}
    - foreach: works
      items: steps.list.things
      do: {step: work, agent: test.work, with: {thing: item, folder: input.folder}}
    - group:
        - foreach: again
          items: steps.works[].thing
          do: {step: once, agent: test.work, with: {thing: item, folder: input.folder}}
    - {step: sum, agent: test.sum, with: {dones: steps.again}}
    - {step: last, agent: test.list, with: {things: input.things}}
"""
"""A chain, a fan-out as wide as ``things``, another over its results, its join within another one, and a finish.

A join that leads to a join is the one that PostgreSQL still opens in a transaction of several statements."""
THINGS = {"things": ["plain-1", "plain-2", "plain-3"]}
STEPS = 9
ENDS = {"run.succeeded", "run.failed", "run.cancelled"}


class ChaosClient(Client):
    """The engine tests' client, with these tests' agents and short leases."""

    def __init__(self, database: str, broker: str, folder: Path) -> None:
        self.folder = folder
        self.runtime = Runtime(
            StorageSettings(database_url=SecretStr(database), home=folder),
            BrokerSettings(broker_url=SecretStr(broker), confirm_timeout=2.0),
            EngineSettings(lease_seconds=LEASE, hint_grace_seconds=LEASE, reconcile_seconds=0.2),
            registry=registry(),
        )
        self.runtime.database.upgrade()


class House:
    """What a test of a failure needs; what is started ends with it."""

    def __init__(self, database: str, broker: str, folder: Path, postgres: Postgres, rabbitmq: RabbitMQ) -> None:
        self.postgres, self.rabbitmq = postgres, rabbitmq
        self.database, self.broker, self.folder = database, broker, folder
        self.marks = folder / "marks"
        self.marks.mkdir()
        self.client = ChaosClient(database, broker, folder)
        self.workers = Workers(folder, self.marks, SYNAPSE_DATABASE_URL=database, SYNAPSE_BROKER_URL=broker, SYNAPSE_HOME=str(folder))
        self._keeper: Any = None
        self.gate = folder / "gate"

    def keep(self) -> None:
        """Do the housekeeping here, so that no worker that dies takes its lease with it."""
        self._keeper = self.client.runtime.housekeeping()
        self._keeper.start()
        name = {"name": "housekeeping", "holder": self.client.runtime.holder}
        until(
            lambda: self.client.runtime.database.driver.rows("SELECT 1 FROM lease WHERE name = :name AND holder = :holder", name),
            "this process keeps house",
        )

    def close(self) -> None:
        """End everything."""
        (self.marks / "go").touch()
        if self._keeper is not None:
            self._keeper.stop()
        self.workers.stop()
        self.client.runtime.close()

    def begin(self, definition: str = CHAIN, given: dict[str, Any] | None = None, **more: Any) -> str:
        """Start a run."""
        return self.client.begin(definition, THINGS if given is None else given, **more)

    def mark(self, name: str = "", seconds: float = PATIENCE) -> dict[str, Any]:
        """What a fault left when it happened, once it has."""

        def there() -> dict[str, Any] | None:
            for file in sorted(self.marks.glob(f"[0-9]-{name}*")):
                # It may be open for writing at this very moment.
                if text := file.read_text():
                    return dict(json.loads(text))
            return None

        return dict(until(there, f"the fault {name or 'that was ordered'} happens", seconds))

    def sound(self, run: str, state: str = "succeeded", seconds: float = PATIENCE) -> RunDetail:
        """The run, once it has ended: as it should, each step recorded once, its events without a gap, nothing left open."""
        detail = self.client.ended(run, seconds)
        check(detail, self.client.events(run), state)
        return detail

    def recovery(self, run: str, mark: dict[str, Any] | None = None) -> float:
        """Seconds from the fault to the end of the run."""
        detail = self.client.run(run)
        finished = detail.finished_at
        assert finished is not None, f"the run has not ended: {detail.state}"
        return max(0.0, finished.timestamp() - float((mark or self.mark())["time"]))


def check(detail: RunDetail, events: list[Event], state: str = "succeeded") -> None:
    """Raise AssertionError unless the run is as a run that has ended must be."""
    assert detail.state == state, f"run {detail.id} is {detail.state}: {detail.error}"
    assert [event.seq for event in events] == list(range(1, len(events) + 1)), f"events of {detail.id} have a gap"
    recorded = Counter(event.step for event in events if event.name == "step.succeeded")
    twice = {step: count for step, count in recorded.items() if count > 1}
    assert not twice, f"recorded more than once: {twice}"
    assert {step.path for step in detail.steps if step.state == "succeeded"} == set(recorded)
    assert [event.name for event in events if event.name in ENDS] == [f"run.{state}"]
    assert events[-1].name == f"run.{state}"
    if state == "succeeded":
        assert {step.state for step in detail.steps} <= {"succeeded", "skipped"}
    started = Counter(event.step for event in events if event.name == "step.started")
    # What waits without a worker is nobody's to start.
    assert {step.path: step.attempt for step in detail.steps if step.attempt and step.agent is not None} == dict(started)


class Load:
    """Runs that are begun one after the other, on a thread, until it is told to stop."""

    def __init__(self, house: House, definition: str = CHAIN, given: dict[str, Any] | None = None, spacing: float = 0.05) -> None:
        self._house, self._definition, self._given, self._spacing = house, definition, given, spacing
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True)
        self.runs: list[str] = []
        self.refused = 0

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)

    def _go(self) -> None:
        from synapse.errors import Unavailable

        while not self._stop.wait(self._spacing):
            try:
                self.runs.append(self._house.begin(self._definition, self._given))
            except Unavailable:
                # The caller is told; no run was begun, or it is found and ends as the others do.
                self.refused += 1


def last(house: House, runs: list[str], since: float) -> float:
    """Seconds from then to the end of the last of these runs."""
    return max(house.recovery(run, {"time": since}) for run in runs)


def outage(house: House, server: Postgres | RabbitMQ, how: str) -> float:
    """Restart the server under load, or kill it and start it again: every run ends as it should.

    Gives the seconds from when it went to the end of the last run.
    """
    house.keep()
    house.workers.start("-P", "threads", "-c", "2")
    with Load(house) as load:
        until(lambda: len(load.runs) > 10, "load")
        gone = time.time()
        if how == "kill":
            server.kill()
            server.start()
        else:
            server.restart()
        until(lambda: len(load.runs) > 20, "more load")
    for run in load.runs:
        house.sound(run, seconds=180)
    return last(house, load.runs, gone)
