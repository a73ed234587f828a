from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from synapse.contracts.messages import Event
from synapse.contracts.toolbox import StepContext
from synapse.engine import event_log
from synapse.engine.event_log import EventLog
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, StorageSettings
from synapse.tasks.logger import logger
from synapse.tools.memory import MemoryToolbox
from tests.moments import assert_utc
from tests.unit.state.emptied import put_empty
from tests.unit.state.house import House, step

TWO = {"chain": [step("a"), step("b")]}


class Desk:
    """A runtime with the real logger agent, whose files are kept in memory."""

    def __init__(self, home: Path) -> None:
        self.runtime = Runtime(
            StorageSettings(home=home, database_url=None), BrokerSettings(broker_url=None), registry=Registry({"logger": logger})
        )
        put_empty(home / "synapse.db")
        self.house = House(self.runtime.database)
        self.files: dict[str, str] = {}
        self.contexts: list[StepContext] = []
        self.runtime.__dict__["tools"] = SimpleNamespace(toolbox=self._toolbox, close=lambda: None)

    def _toolbox(self, context: StepContext, **_: Any) -> MemoryToolbox:
        self.contexts.append(context)
        return MemoryToolbox(context=context, files=self.files)

    def events(self, run: str) -> list[Event]:
        """All events of the run."""
        return self.runtime.database.events.of_run(run)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.runtime.close()


def kept(desk: Desk, run: str) -> list[Event]:
    return [Event.model_validate_json(line) for line in desk.files[f"{run}/events.jsonl"].splitlines()]


def test_a_batch_reaches_the_logger_event_by_event(desk: Desk, logs: list[Any]) -> None:
    run = desk.house.begin(TWO)
    desk.house.do(run, "a")
    EventLog(desk.runtime)(desk.events(run))
    assert [line["event"] for line in logs] == ["run.created", "step.started", "step.succeeded"]
    assert {line["run"] for line in logs} == {run}
    assert desk.files == {}


def test_the_file_of_a_finished_run_holds_all_its_events_in_order_however_few_the_batch_has(desk: Desk) -> None:
    run = desk.house.begin(TWO)
    desk.house.do(run, "a", "b")
    EventLog(desk.runtime)(desk.events(run)[-1:])
    assert kept(desk, run) == desk.events(run)
    assert len(desk.events(run)) == 6


def test_a_long_run_is_read_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "_PAGE", 2)
    run = desk.house.begin(TWO)
    desk.house.do(run, "a", "b")
    EventLog(desk.runtime)(desk.events(run)[-1:])
    assert kept(desk, run) == desk.events(run)


def test_each_run_that_ended_in_a_batch_has_its_file_however_it_ended(desk: Desk) -> None:
    succeeded, failed, cancelled, running = (desk.house.begin(TWO) for _ in range(4))
    desk.house.do(succeeded, "a", "b")
    desk.house.fail(desk.house.take(failed, "a"))
    desk.runtime.database.lifecycle.cancel(cancelled, "enough")
    batch = [event for run in (succeeded, failed, cancelled, running) for event in desk.events(run)]
    EventLog(desk.runtime)(batch + batch[-3:])
    assert set(desk.files) == {f"{run}/events.jsonl" for run in (succeeded, failed, cancelled)}
    assert kept(desk, failed)[-1].name == "run.failed"


def test_the_same_end_delivered_again_writes_the_same_file(desk: Desk) -> None:
    run = desk.house.begin(TWO)
    desk.house.do(run, "a", "b")
    log = EventLog(desk.runtime)
    log(desk.events(run))
    first = dict(desk.files)
    log(desk.events(run)[-1:])
    assert desk.files == first


def test_the_logger_is_told_until_when_it_has_time(desk: Desk) -> None:
    run = desk.house.begin(TWO)
    before = datetime.now(UTC)
    EventLog(desk.runtime)(desk.events(run))
    (context,) = desk.contexts
    assert (context.agent, context.step, context.run) == ("logger", "logger", run)
    assert_utc(context.deadline, before + timedelta(seconds=30), datetime.now(UTC) + timedelta(seconds=30))


def test_where_there_is_no_logger_nothing_is_logged(desk: Desk, logs: list[Any]) -> None:
    run = desk.house.begin(TWO)
    desk.runtime.__dict__["registry"] = Registry()
    EventLog(desk.runtime)(desk.events(run))
    assert (logs, desk.contexts) == ([], [])
