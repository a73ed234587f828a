from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from synapse.engine.app import SynapseApp, create_app
from synapse.engine.command import work
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, EngineSettings, StorageSettings
from tests.unit.engine.workshop import echo, make
from tests.waiting import PATIENCE


class Started:
    """In place of a worker: what it is started with, and how it ends."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.exitcode: int | None = None

    def __call__(self, **options: Any) -> Started:
        self.options = options
        return self

    def start(self) -> None:
        """End at once."""


@pytest.fixture
def worker() -> Started:
    return Started()


@pytest.fixture
def app(tmp_path: Path, worker: Started) -> Iterator[SynapseApp]:
    storage = StorageSettings(home=tmp_path, database_url=None)
    runtime = Runtime(storage, BrokerSettings(broker_url=None), EngineSettings(), registry=Registry({"echo": make("echo", echo)}))
    made = create_app(runtime, set_as_current=False)
    made.Worker = worker
    yield made
    made.runtime.close()


def test_a_worker_takes_the_options_that_celery_has_for_one(app: SynapseApp, worker: Started) -> None:
    assert work(app, ["-Q", "synapse-echo,synapse-two", "-n", "one@%h", "--pool=solo", "-c4", "--loglevel", "warning"]) == 0
    assert worker.options["queues"] == ["synapse-echo", "synapse-two"]
    assert worker.options["pool"].__module__ == "celery.concurrency.solo"
    assert (worker.options["concurrency"], worker.options["loglevel"]) == (4, 30)
    assert worker.options["hostname"].startswith("one@")
    assert "%h" not in worker.options["hostname"]


def test_how_the_worker_ended_is_the_exit_code(app: SynapseApp, worker: Started) -> None:
    worker.exitcode = 70
    assert app.work(["-P", "solo"]) == 70


def test_celery_s_variables_for_a_worker_hold_here_too(app: SynapseApp, worker: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_WORKER_CONCURRENCY", "7")
    work(app, [])
    assert worker.options["concurrency"] == 7


@pytest.mark.parametrize("wrong", [["--nonsense"], ["-P", "no-such-pool"], ["-D"], ["--detach"]])
def test_what_a_worker_cannot_be_is_said(app: SynapseApp, wrong: list[str]) -> None:
    with pytest.raises(click.ClickException):
        work(app, wrong)


def test_a_worker_loads_nothing_of_celery_s_program_but_itself_and_asks_the_database_without_sqlalchemy() -> None:
    program = """
import sys
from synapse.celery import app
class Ended:
    exitcode = 0
    def start(self): pass
app.Worker = lambda **options: Ended()
assert app.work(["-Q", "synapse-search"]) == 0
print(sorted({"celery.bin.celery", "prompt_toolkit", "flower", "tornado", "sqlalchemy", "alembic", "mcp", "openai"} & sys.modules.keys()))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert ended.stdout.strip() == "[]"
