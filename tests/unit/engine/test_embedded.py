from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery.worker import state
from kombu.transport.memory import Channel, Transport

from synapse.contracts.messages import Event
from synapse.contracts.run import RunView
from synapse.contracts.toolbox import Toolbox
from synapse.contracts.workflow import Retry
from synapse.engine.app import create_app
from synapse.engine.embedded import EmbeddedWorker
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.errors import Permanent, Transient, Unavailable
from synapse.settings import BrokerSettings, EngineSettings, StorageSettings
from synapse.tasks.logger import LogBatch
from tests.unit.engine.workshop import Things, Told, echo, make
from tests.unit.state.house import House, foreach, step
from tests.waiting import PATIENCE, until

QUICK = Retry(attempts=3, delay=0)


def broken(task: Things, tools: Toolbox) -> Told:
    raise Permanent(f"cannot do {task.seen}")


def unready(task: Things, tools: Toolbox) -> Told:
    if tools.context.attempt < 3:
        raise Transient("busy")
    return Told(said=tools.context.attempt)


async def later(task: Things, tools: Toolbox) -> Told:
    await asyncio.sleep(0)
    return Told(said=task.seen)


class Logged:
    """A logger agent that keeps what it is told."""

    def __init__(self) -> None:
        self.batches: list[LogBatch] = []

    def agent(self) -> Any:
        async def log(task: LogBatch, tools: Toolbox) -> Told:
            self.batches.append(task)
            return Told()

        return make("logger", log)

    def events(self) -> list[tuple[str, int]]:
        return [(event["run"], event["seq"]) for batch in self.batches for event in batch.events]

    def files(self) -> dict[str, list[Event]]:
        return {done.run: [Event.model_validate_json(line) for line in done.lines] for batch in self.batches for done in batch.finished}


class Embedded:
    """A runtime over a folder and memory, with agents of these tests; workers are started and stopped by hand."""

    def __init__(self, home: Path, **agents: Any) -> None:
        self.logged = Logged()
        named = {
            "echo": make("echo", echo),
            "later": make("later", later),
            "broken": make("broken", broken, retry=QUICK),
            "unready": make("unready", unready, retry=QUICK),
            "logger": self.logged.agent(),
            **{name: make(name, function) for name, function in agents.items()},
        }
        engine = EngineSettings(lease_seconds=60, hint_grace_seconds=60, reconcile_seconds=0.05, concurrency=4)
        self.runtime = Runtime(
            StorageSettings(home=home, database_url=None), BrokerSettings(broker_url=None), engine, registry=Registry(named)
        )
        self.runtime.database.upgrade()
        self.house = House(self.runtime.database)

    def worker(self) -> EmbeddedWorker:
        """A worker, started."""
        made = EmbeddedWorker(create_app(self.runtime), 4)
        made.start()
        return made

    def submit(self, tree: dict[str, Any], run_input: dict[str, Any] | None = None, **more: Any) -> str:
        """Begin a run and send its hints."""
        begun = self.house.begun(tree, run_input, **more)
        self.runtime.publisher.hints(begun.hints)
        return begun.run

    def ended(self, *runs: str) -> None:
        """Wait for the runs to end."""
        until(lambda: all(self.house.state(run) != "running" for run in runs))


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    made = Embedded(tmp_path)
    yield made
    made.runtime.close()


def threads() -> set[str]:
    """The threads of a worker that are alive."""
    return {thread.name for thread in threading.enumerate() if thread.name in ("synapse-worker", "synapse-housekeeping")}


MEMBER = {"step": "one", "agent": "later", "with": {"seen": "inner_item"}}
BAD = {"step": "bad", "agent": "broken", "on_error": "skip", "with": {"seen": "each_item"}}
LAST = step("last", **{"with": {"seen": "prev"}})
TREES: dict[str, dict[str, Any]] = {
    "chain": {"chain": [step("a", **{"with": {"seen": "input.x"}}), {"step": "last", "agent": "later", "with": {"seen": "prev.said"}}]},
    "nested": {"chain": [foreach("outer", foreach("inner", MEMBER, items="outer_item"), items="input.lists"), LAST]},
    "skip": {"chain": [{"group": [step("a", **{"with": {"seen": "`1`"}}), {**BAD, "with": {}}]}, LAST]},
    "empty": {"chain": [foreach("each", step("a"), items="input.nothing"), LAST]},
    "all failing": {"chain": [foreach("each", BAD, items="input.lists[0]"), LAST]},
    "too few": {"chain": [foreach("each", BAD, items="input.lists[0]", min_success=1), LAST]},
    "retried": {"chain": [{"step": "a", "agent": "unready"}, LAST]},
    "failing": {"chain": [{"step": "bad", "agent": "broken"}, LAST]},
    "chord": {"chord": foreach("each", step("a", **{"with": {"seen": "each_item"}}), items="input.lists[0]"), "body": LAST},
}


@dataclass
class Finished:
    """What became of one run of each of the trees, worked on side by side by one worker."""

    runs: dict[str, RunView]
    events: dict[str, list[Event]]
    logged: Logged


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    embedded = Embedded(tmp_path_factory.mktemp("embedded"))
    worker = embedded.worker()
    runs = {name: embedded.submit(tree, {"x": 7, "lists": [[1, 2, 3], [], [4]]}) for name, tree in TREES.items()}
    embedded.ended(*runs.values())
    until(lambda: set(embedded.logged.files()) == set(runs.values()))
    worker.stop()
    database = embedded.runtime.database
    found = Finished(
        {name: database.queries.run(run) for name, run in runs.items()},
        {run: database.events.of_run(run) for run in runs.values()},
        embedded.logged,
    )
    embedded.runtime.close()
    Channel.queues.clear()
    Transport.global_state.clear()
    return found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("chain", 7),
        ("nested", [[{"said": n, "items": []} for n in numbers] for numbers in ([1, 2, 3], [], [4])]),
        ("skip", [{"said": 1, "items": []}, None]),
        ("empty", []),
        ("all failing", []),
        ("retried", {"said": 3, "items": []}),
        ("chord", [{"said": n, "items": []} for n in (1, 2, 3)]),
    ],
)
def test_a_workflow_runs_to_its_end(finished: Finished, name: str, said: Any) -> None:
    run = finished.runs[name]
    assert (run.state, run.error) == ("succeeded", None)
    assert run.output["said"] == said


@pytest.mark.parametrize(("name", "says"), [("too few", "0 succeeded; 1 must"), ("failing", "cannot do None")])
def test_a_run_that_cannot_go_on_fails_and_says_why(finished: Finished, name: str, says: str) -> None:
    run = finished.runs[name]
    assert run.state == "failed"
    assert run.error is not None
    assert says in run.error.message


def test_every_event_reaches_the_logger_and_those_of_a_run_in_their_order(finished: Finished) -> None:
    told = list(dict.fromkeys(finished.logged.events()))
    for run, events in finished.events.items():
        assert [seq for of, seq in told if of == run] == [event.seq for event in events]


def test_the_file_of_each_finished_run_holds_all_its_events_in_order(finished: Finished) -> None:
    assert finished.logged.files() == finished.events
    assert all([event.seq for event in events] == list(range(1, len(events) + 1)) for events in finished.events.values())


def test_it_finishes_what_is_under_way_before_it_stops(tmp_path: Path) -> None:
    started, release = threading.Event(), threading.Event()

    def slow(task: Things, tools: Toolbox) -> Told:
        started.set()
        assert release.wait(PATIENCE)
        return Told(said="in the end")

    embedded = Embedded(tmp_path, slow=slow)
    worker = embedded.worker()
    assert threads() == {"synapse-worker", "synapse-housekeeping"}
    run = embedded.submit({"step": "a", "agent": "slow"})
    assert started.wait(PATIENCE)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    until(lambda: state.should_stop is not None)
    release.set()
    stopping.join(PATIENCE)
    assert embedded.house.state(run) == "succeeded"
    assert threads() == set()
    assert state.should_stop is None
    assert embedded.house.sql("SELECT 1 FROM lease WHERE until > {now}") == []
    embedded.runtime.close()


def test_a_stop_that_ran_out_of_patience_still_ends_the_worker_once_its_step_is_done(tmp_path: Path) -> None:
    started, release = threading.Event(), threading.Event()

    def slow(task: Things, tools: Toolbox) -> Told:
        started.set()
        assert release.wait(PATIENCE)
        return Told()

    embedded = Embedded(tmp_path, slow=slow)
    worker = embedded.worker()
    run = embedded.submit({"step": "a", "agent": "slow"})
    assert started.wait(PATIENCE)
    worker.stop(timeout=0.01)
    assert threads() != set()
    release.set()
    until(lambda: threads() == set())
    assert embedded.house.state(run) == "succeeded"
    worker.stop()
    assert state.should_stop is None
    embedded.runtime.close()


def test_it_can_be_started_again_after_a_stop(embedded: Embedded) -> None:
    for _ in range(2):
        worker = embedded.worker()
        run = embedded.submit(TREES["chain"], {"x": 1})
        embedded.ended(run)
        worker.stop()
        assert embedded.house.state(run) == "succeeded"
    assert threads() == set()


def test_what_a_crashed_process_left_is_finished_by_the_next_one(tmp_path: Path) -> None:
    first = Embedded(tmp_path)
    claimed = first.house.begin(TREES["chain"], {"x": 1})
    first.house.take(claimed, "a")
    unpublished = first.house.begin(TREES["nested"], {"lists": [[1], [2]]})
    halfway = first.house.begin(TREES["chain"], {"x": 1})
    first.house.do(halfway, "a", output={"said": "before the crash"})
    waiting = first.house.begin(TREES["retried"])
    first.house.fail(first.house.take(waiting, "a"), retry_in=0.05)
    # As if the time had passed after which a lease, or a hint that was sent, counts as lost.
    for run, at in ((claimed, "a"), (halfway, "last"), *((unpublished, at) for at in first.house.states(unpublished))):
        first.house.overdue(run, at)
    first.runtime.close()
    Channel.queues.clear()
    Transport.global_state.clear()

    second = Embedded(tmp_path)
    worker = second.worker()
    second.ended(claimed, unpublished, halfway, waiting)
    worker.stop()
    assert {second.house.state(run) for run in (claimed, unpublished, halfway, waiting)} == {"succeeded"}
    assert second.house.column(claimed, "a", "attempt") == 2
    assert "step.lost" in second.house.names(claimed)
    assert second.house.output(halfway)["said"] == "before the crash"
    assert second.house.output(waiting)["said"] == {"said": 3, "items": []}
    second.runtime.close()


def test_a_cancelled_run_stops_and_the_worker_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synapse.engine.heartbeat._TICK", 0.02)
    started, stopped = threading.Event(), threading.Event()

    async def forever(task: Things, tools: Toolbox) -> Told:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return Told()

    embedded = Embedded(tmp_path, forever=forever)
    worker = embedded.worker()
    run = embedded.submit({"chain": [{"step": "a", "agent": "forever"}, LAST]})
    assert started.wait(PATIENCE)
    embedded.runtime.database.lifecycle.cancel(run, "no longer wanted")
    assert stopped.wait(PATIENCE)
    other = embedded.submit(TREES["chain"], {"x": 1})
    embedded.ended(other)
    worker.stop()
    assert (embedded.house.state(run), embedded.house.state(other)) == ("cancelled", "succeeded")
    assert set(embedded.house.states(run)) == {"a"}
    embedded.runtime.close()


def test_a_worker_that_does_not_get_ready_is_unavailable(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = EmbeddedWorker(create_app(embedded.runtime), 1)
    monkeypatch.setattr(worker, "_thread", threading.Thread(target=lambda: None))
    with pytest.raises(Unavailable, match=r"not ready within 0\.05 seconds"):
        worker.start(timeout=0.05)
