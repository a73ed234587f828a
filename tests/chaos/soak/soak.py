"""A soak from its first request to its verdict."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from synapse.client import Client
from synapse.errors import SynapseError
from synapse.settings import EngineSettings, StorageSettings
from synapse.state.database import Database
from tests.chaos.soak import audit, figures
from tests.chaos.soak.callers import Callers
from tests.chaos.soak.figures import Result
from tests.chaos.soak.jobs import jobs
from tests.chaos.soak.stage import TOKEN, Stage, Striker
from tests.services import Postgres, RabbitMQ
from tests.waiting import came

_LOOK = 0.25
_MANY = 100_000


@dataclass(frozen=True)
class Options:
    """What is asked for. ``seconds`` is how long requests come; ``chance`` is that of a worker to be killed at a point of the protocol."""

    shapes: int = 1000
    researches: int = 100
    seconds: float = 600.0
    every: float = 4.0
    chance: float = 0.0001
    workers: int = 4
    seed: int = 0
    patience: float = 1800.0


def soak(options: Options, folder: Path, postgres: Postgres, rabbitmq: RabbitMQ) -> Result:
    """Run it on these servers, which are its own, and look at everything."""
    stage = Stage(folder, postgres, rabbitmq, workers=options.workers, seed=options.seed, chance=options.chance)
    storage = StorageSettings(database_url=SecretStr(stage.database), home=stage.home)
    database = Database.from_settings(storage, EngineSettings())
    database.upgrade()
    asked = jobs(options.seed, options.shapes, options.researches, options.seconds)
    callers, striker = Callers(stage.urls, TOKEN, asked), Striker(stage, options.seed, options.every)
    result = Result(options.seed)
    began = time.monotonic()
    try:
        stage.start()

        def waited(condition: Callable[[], object]) -> None:
            # What is not there in the end is a fault that the verdict names, with all the others.
            came(condition, began + options.patience - time.monotonic(), _LOOK)

        with ExitStack() as clients:
            for each in [clients.enter_context(Client(url, TOKEN, retries=0)) for url in stage.urls]:
                waited(partial(_answers, each))
        callers.start()
        # Before the workers are at work there is nothing to interrupt.
        waited(lambda: _count(database, "event WHERE name = 'step.succeeded'", 0) or not callers.busy)
        struck = time.monotonic()
        striker.start()
        waited(lambda: not callers.busy)
        striker.close()
        callers.close()
        calm = time.monotonic()
        waited(lambda: not _count(database, "run WHERE finished_at IS NULL", 1))
        ended = time.monotonic()
        _look(result, stage, database, callers, striker)
        result.counts["seconds"] = f"{calm - struck:.0f} of blows, {ended - calm:.0f} more until the last run had ended"
    finally:
        striker.close()
        callers.close()
        stage.close()
        database.close()
    return result


def _answers(client: Client) -> bool:
    try:
        client.runs(limit=1)
    except SynapseError:
        return False
    return True


def _count(database: Database, what: str, unknown: int) -> int:
    try:
        return int(database.driver.rows(f"SELECT count(*) FROM {what}", {})[0][0])
    except SynapseError:
        return unknown


def _look(result: Result, stage: Stage, database: Database, callers: Callers, striker: Striker) -> None:
    books = callers.books
    result.faults += [*books.faults, *audit.lost(database, callers.jobs, books.accepted)]
    research, skipped = [], 0
    for (run,) in database.driver.rows("SELECT id FROM run ORDER BY created_at", {}):
        detail = database.queries.run(run)
        skipped += sum(step.state == "skipped" for step in detail.steps)
        result.faults += audit.faults_of(detail, database.events.of_run(run, 0, _MANY))
        if detail.workflow == "research" and detail.state == "succeeded":
            research.append(detail)
    with Client(stage.urls[0], TOKEN, retries=5) as client:
        result.faults += audit.report_faults(client, research, stage.home / "reports")
    rows = database.driver.rows
    result.counts |= {
        "runs": figures.states(database),
        "requests repeated by clients": books.repeated,
        "steps recorded": rows("SELECT count(*) FROM event WHERE name = 'step.succeeded'", {})[0][0],
        "steps skipped": skipped,
        "steps claimed more than once": rows("SELECT count(*) FROM step WHERE attempt > 1", {})[0][0],
        "blows": dict(sorted(Counter(name for name, _ in striker.struck).items())),
        "workers killed at points of the protocol": dict(sorted(stage.points().items())),
        **figures.counted(stage.counts),
    }
    result.times |= figures.recoveries(database, striker.struck)
    result.times["from the beginning of an attempt that lost its worker to the next one's"] = figures.interrupted(database)
