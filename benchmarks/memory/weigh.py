"""A worker that does many tasks, weighed again and again."""

from __future__ import annotations

import statistics
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.memory.app import registry
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.state.lifecycle import NewRun
from synapse.workflows.compile import compile_workflow
from synapse.workflows.definition import builtin, parse
from synapse.workflows.program import Program
from tests.services import procfs
from tests.services.process import ServerProcess

WIDTH = 100
_LOAD = "name: load\ndo: {{foreach: all, items: input.items, max: 1000, do: {{step: one, agent: {agent}, with: {{item: item}}}}}}"


@dataclass(frozen=True)
class Kind:
    """A worker: its application, queues and pool, and the workflow whose steps it is given."""

    name: str
    app: str
    queues: tuple[str, ...]
    pool: tuple[str, ...]
    agent: str | None = None

    def command(self) -> list[str]:
        """How it is started."""
        queues, name = ",".join(self.queues), f"{uuid.uuid4()}@localhost"
        options = ("-Q", queues, "-n", name, "--without-gossip", "--without-mingle", *self.pool)
        return [sys.executable, "-m", "celery", "-A", self.app, "worker", *options]

    def work(self) -> tuple[Program, dict[str, object]]:
        """A run's workflow, and its input."""
        if self.agent is not None:
            return compile_workflow(parse(_LOAD.format(agent=self.agent)), registry), {"items": list(range(WIDTH))}
        research = builtin("research")
        assert research is not None
        given = {"question": "What does memory hold, and where is it written?", "corpus": "pages", "max_followups": 0}
        return compile_workflow(research, Registry.installed()), given


_THREADS, _SOLO, _PREFORK = ("-P", "threads", "-c", "4"), ("-P", "solo"), ("-P", "prefork", "-c", "2")
_LOADS, _OF_LOADS = "benchmarks.memory.app", ("synapse-load",)
_SEVEN = ("orchestrator", "search", "extraction", "fact-check", "synthesis", "file-save", "logger")
KINDS = (
    Kind("threads", _LOADS, _OF_LOADS, _THREADS, "load.plain"),
    Kind("solo", _LOADS, _OF_LOADS, _SOLO, "load.plain"),
    Kind("prefork", _LOADS, _OF_LOADS, _PREFORK, "load.plain"),
    Kind("threads, tool calls", _LOADS, _OF_LOADS, _THREADS, "load.tools"),
    Kind("solo, tool calls", _LOADS, _OF_LOADS, _SOLO, "load.tools"),
    Kind("prefork, tool calls", _LOADS, _OF_LOADS, _PREFORK, "load.tools"),
    Kind("the seven agents", "synapse", tuple(f"synapse-{each}" for each in _SEVEN), _THREADS),
)


@dataclass(frozen=True)
class Weight:
    """Megabytes of the worker's whole process tree after so many tasks."""

    tasks: int
    megabytes: float


def weigh(kind: Kind, worker: ServerProcess, runtime: Runtime, tasks: int, told: Callable[[Weight], object]) -> list[Weight]:
    """Give the worker that many tasks, run by run. Raises SystemExit when a run does not succeed."""
    program, given = kind.work()
    database, done, weights = runtime.database, 0, list[Weight]()
    while done < tasks:
        begun = database.lifecycle.begin(program, NewRun(str(uuid.uuid4()), given, 3600.0))
        runtime.publisher.hints(begun.hints)
        while not (state := database.queries.state(begun.run)).terminal:
            time.sleep(0.02)
        if state != "succeeded":
            raise SystemExit(f"{kind.name}: a run {state}: {database.queries.run(begun.run).error}\n{worker.tail()}")
        done += database.driver.rows("SELECT count(*) FROM step WHERE run = :run", {"run": begun.run})[0][0]
        weights.append(Weight(done, procfs.pss_bytes(procfs.family(worker.pid)) / 1e6))
        told(weights[-1])
    return weights


def slope(weights: Sequence[Weight], skip: int) -> float:
    """Kilobytes per 1,000 tasks by least squares, without the first ``skip`` tasks: a worker fills its caches then."""
    settled = [each for each in weights if each.tasks > skip]
    if len(settled) < 2:
        return 0.0
    return statistics.linear_regression([each.tasks for each in settled], [each.megabytes for each in settled]).slope * 1e6
