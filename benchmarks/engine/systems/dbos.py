"""DBOS on PostgreSQL at its best: each run stays in the worker process that takes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from dbos import DBOSClient, WorkflowHandle

from benchmarks.engine import shape
from benchmarks.engine.shape import Result
from benchmarks.engine.system import Servers
from benchmarks.engine.workers import Workers
from benchmarks.engine.workloads import dbos as workload

_PROCESSES = 2
_RESULT_POLL = 0.005


class System:
    """Two processes that take runs."""

    workflow: ClassVar[str] = "steps"
    label = f"{_PROCESSES} processes, queue polled every {workload.QUEUE_POLL * 1000:.0f} ms, fan-outs inside one process"

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._database = servers.postgres.create_database()
        self._workers = Workers(folder, f"dbos-{self.workflow}")
        self._client: DBOSClient | None = None

    def start(self) -> None:
        """Start the workers one by one, for the first one makes the tables; the client needs them too."""
        for number in range(_PROCESSES):
            env = {"BENCHMARK_DATABASE": self._database, "BENCHMARK_EXECUTOR": str(number)}
            self._workers.start([["-m", workload.__name__, self.workflow]], env, ready="takes work")
        if self._client is None:
            self._client = DBOSClient(system_database_url=self._database, application_name=workload.APPLICATION)

    def run_one(self, seed: int) -> None:
        """Submit and wait."""
        shape.verify(seed, self._submit(seed).get_result(polling_interval_sec=_RESULT_POLL))

    def burst(self, seeds: Sequence[int]) -> None:
        """Submit all, then wait for each."""
        for seed, handle in [(seed, self._submit(seed)) for seed in seeds]:
            shape.verify(seed, handle.get_result(polling_interval_sec=_RESULT_POLL))

    def workers(self) -> list[int]:
        """Both processes."""
        return self._workers.pids

    def watchers(self) -> list[int]:
        """Nobody watches."""
        return []

    def stop(self) -> None:
        """End the workers."""
        self._workers.stop()

    def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            self._client.destroy()

    def _submit(self, seed: int) -> WorkflowHandle[Result]:
        if self._client is None:
            raise RuntimeError("start first")
        return self._client.enqueue({"workflow_name": self.workflow, "queue_name": workload.RUNS, "app_version": workload.VERSION}, seed)
