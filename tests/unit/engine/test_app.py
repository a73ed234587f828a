from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from pydantic import SecretStr

from synapse.engine import bootsteps
from synapse.engine.app import SynapseApp, create_app
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.errors import InvalidInput, Unavailable
from synapse.settings import BrokerSettings, EngineSettings, StorageSettings
from tests.unit.engine.workshop import echo, make
from tests.unit.state.house import House, step
from tests.waiting import until


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SynapseApp]:
    agents = Registry({name: make(name, echo) for name in ("echo", "tides.high_water")})
    made = create_app(
        Runtime(StorageSettings(home=tmp_path, database_url=None), BrokerSettings(broker_url=None), EngineSettings(), registry=agents),
        set_as_current=False,
    )
    yield made
    made.runtime.close()


def test_each_agent_is_a_task_of_its_own(app: SynapseApp) -> None:
    ours = {name for name in app.tasks if name.startswith("synapse.")}
    assert ours == {"synapse.echo", "synapse.tides.high_water"}
    task = app.tasks["synapse.tides.high_water"]
    assert (type(task).__name__, task.agent.name) == ("TidesHighWaterTask", "tides.high_water")
    assert (task.acks_late, task.reject_on_worker_lost, task.ignore_result) == (True, True, True)
    assert {queue.name for queue in app.conf.task_queues} == {"synapse-echo", "synapse-tides"}


def test_making_it_connects_to_nothing(tmp_path: Path) -> None:
    runtime = Runtime(
        StorageSettings(home=tmp_path, database_url=SecretStr("postgresql://nobody@127.0.0.1:1/x")),
        BrokerSettings(broker_url=SecretStr("amqp://127.0.0.1:1")),
        registry=Registry({"echo": make("echo", echo)}),
    )
    app = create_app(runtime, set_as_current=False)
    assert app.conf.broker_url == "amqp://127.0.0.1:1"
    assert list(tmp_path.iterdir()) == []


def test_without_a_runtime_it_is_the_one_of_celeryconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    app = create_app(set_as_current=False)
    assert "synapse.search" in app.tasks
    assert "synapse-search" in {queue.name for queue in app.conf.task_queues}


def test_it_is_the_current_application_only_where_that_is_asked_for(app: SynapseApp) -> None:
    assert current_app._get_current_object() is not app


def test_its_workers_keep_house_and_log_events(app: SynapseApp) -> None:
    assert {bootsteps.HousekeepingStep, bootsteps.HubStep} <= app.steps["worker"]
    assert bootsteps.EventLogStep in app.steps["consumer"]


def test_a_message_has_its_step_tried(app: SynapseApp) -> None:
    app.runtime.database.upgrade()
    house = House(app.runtime.database)
    run = house.begin(step("a", **{"with": {"seen": "input.x"}}), {"x": 5})
    task = app.tasks["synapse.echo"]
    assert task.run(run, "a", house.programs[run].digest) == "succeeded"
    assert task.run(run, "a", house.programs[run].digest) == "nothing"
    assert house.output(run)["said"] == 5


def test_a_hint_can_be_sent_as_any_task(app: SynapseApp) -> None:
    sent = app.tasks["synapse.echo"].apply_async(("run-1", "a", "d" * 64), task_id="run-1:a")
    assert sent.id == "run-1:a"
    with app.connection_for_read() as connection, connection.channel() as channel:
        message = until(lambda: channel.basic_get("synapse-echo", no_ack=True))
    assert message.headers["task"] == "synapse.echo"


@pytest.mark.parametrize(
    ("arguments", "named"), [((), {}), (("r", "a"), {}), (("r", "a", "d"), {"seen": 1}), ((), {"seen": 1}), (("r", "a", 3), {})]
)
def test_anything_but_a_hint_is_refused_on_both_ends(app: SynapseApp, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    task = app.tasks["synapse.echo"]
    for use in (task.run, task.delay):
        with pytest.raises(InvalidInput, match="submit a workflow"):
            use(*arguments, **named)


def test_a_database_that_is_away_costs_the_hint_and_nothing_else(app: SynapseApp) -> None:
    class Away:
        def try_step(self, *_: str) -> str:
            raise Unavailable("PostgreSQL does not answer")

    app.runtime.__dict__["runner"] = Away()
    assert app.tasks["synapse.echo"].run("r", "a", "d") == "unavailable: PostgreSQL does not answer"


def test_a_forked_child_has_parts_of_its_own_with_the_settings_of_its_parent(app: SynapseApp, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = app.runtime
    assert app.runtime is parent
    monkeypatch.setattr(os, "getpid", lambda: -1)
    child = app.runtime
    assert child is not parent
    assert app.runtime is child
    assert (child.storage, child.registry) == (parent.storage, parent.registry)


def test_events_are_given_to_the_logger(app: SynapseApp, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr("synapse.engine.app.EventLog", lambda runtime: lambda events: given.append((runtime, events)))
    app.event_log([])
    assert given == [(app.runtime, [])]
