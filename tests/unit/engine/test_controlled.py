from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from synapse.engine import controlled
from synapse.engine.controlled import ControlStep
from synapse.telemetry import control_client, metrics


@pytest.fixture(autouse=True)
def place(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_RUNTIME_DIR", str(short_folder / "run"))


def worker(*, embedded: bool = False) -> Any:
    queues = SimpleNamespace(consume_from={"synapse-search": None, "synapse-extraction": None})
    runtime = SimpleNamespace(broker=SimpleNamespace(embedded=embedded))
    return SimpleNamespace(app=SimpleNamespace(runtime=runtime, amqp=SimpleNamespace(queues=queues)))


def test_a_worker_may_be_asked_from_start_to_stop_and_says_whose_steps_it_does() -> None:
    made = worker()
    step = ControlStep(made)
    step.start(made)
    (door,) = control_client.doors()
    report = control_client.report(door)
    assert report is not None
    assert (report.card.role, report.card.pid, report.card.queues) == ("worker", os.getpid(), ("synapse-extraction", "synapse-search"))
    step.stop(made)
    step.stop(made)
    assert control_client.doors() == []


@pytest.mark.parametrize(("embedded", "there"), [(False, True), (True, False)], ids=["a worker", "a part of synapse up"])
def test_one_process_has_one_door(embedded: bool, there: bool) -> None:
    made = worker(embedded=embedded)
    assert ControlStep(made).include_if(made) is there


def test_a_process_of_a_pool_names_the_worker_that_it_belongs_to() -> None:
    child = controlled._Child(worker().app)
    child.end()
    child.begin()
    (door,) = control_client.doors()
    report = control_client.report(door)
    assert report is not None
    assert report.card.parent == os.getppid()
    child.end()
    assert control_client.doors() == []


def test_what_a_worker_holds_is_told_by_its_queues() -> None:
    controlled.weigh(["synapse-a", "synapse-b"])
    rss = metrics.WORKER_MEMORY.labels("synapse-a,synapse-b", "rss")._value.get()
    assert rss >= metrics.WORKER_MEMORY.labels("synapse-a,synapse-b", "private")._value.get() > 1_000_000


def test_an_application_gets_the_step() -> None:
    app = SimpleNamespace(steps={"worker": set()})
    controlled.install(app)
    assert app.steps == {"worker": {ControlStep}}
