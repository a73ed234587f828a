"""Synapse: one worker process a core, PostgreSQL and RabbitMQ; events, retries, heartbeats and reconciler as always."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from pydantic import SecretStr

from benchmarks.engine import shape
from benchmarks.engine.system import Servers
from benchmarks.engine.workers import Workers
from benchmarks.engine.workloads import synapse as workload
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, StorageSettings
from synapse.state.lifecycle import NewRun
from synapse.workflows.compile import compile_workflow

_PATIENCE = 120.0
_LOOK_EVERY = 0.002
# One look-up a run: with ANY PostgreSQL compares every run that ever was with every one that is waited for.
_ENDED = "SELECT id, state FROM unnest(%s::text[]) waiting(id) JOIN run USING (id) WHERE state <> 'running'"
_BY_KEY = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
_RESULT = "SELECT output FROM step WHERE run = %s AND node = 'save'"


class System:
    """`celery worker`, one a core with the pool that workers have by default; ``BENCHMARK_POOL`` chooses another."""

    name: ClassVar[str] = "synapse"

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._pool = os.environ.get("BENCHMARK_POOL", "threads")
        self._size = {"solo": 1}.get(self._pool, 2)
        self._count = 1 if self._pool == "prefork" else 2
        self.label = f"{self._count} x {self._pool} -c {self._size}, PostgreSQL"
        database, broker = servers.postgres.create_database(), servers.rabbitmq.create_vhost()
        self._env = {"SYNAPSE_DATABASE_URL": database, "SYNAPSE_BROKER_URL": broker, "SYNAPSE_TASK_EVENTS": "false"}
        self._runtime = Runtime(
            StorageSettings(database_url=SecretStr(database), home=folder),
            BrokerSettings(broker_url=SecretStr(broker)),
            registry=workload.registry(),
        )
        self._runtime.database.upgrade()
        self._program = compile_workflow(workload.workflow(), self._runtime.registry)
        self._client: psycopg.Connection[Any] = psycopg.connect(database, autocommit=True, options=_BY_KEY)
        self._client.prepare_threshold = 0
        self._workers = Workers(folder, self.name)

    def start(self) -> None:
        """Start the workers."""
        options = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-Q", "synapse-bench"]
        command = ["-m", "celery", "-A", workload.__name__, "worker", "-P", self._pool, "-c", str(self._size), *options]
        for i in range(self._count):
            self._workers.start([[*command, "-n", f"bench{i}@localhost"]], self._env | self._own(i), ready="takes work")

    def _own(self, number: int) -> dict[str, str]:
        """What only the worker of this number is told."""
        return {}

    def _traceparent(self) -> str | None:
        """The trace that a run is of."""
        return None

    def run_one(self, seed: int) -> None:
        """Submit, and look at the run every 2 ms: nothing is pushed."""
        self.burst([seed])

    def burst(self, seeds: Sequence[int]) -> None:
        """Submit all, then wait for all."""
        waiting = {self._submit(seed): seed for seed in seeds}
        patience = time.monotonic() + _PATIENCE
        look_every = _LOOK_EVERY if len(seeds) == 1 else 25 * _LOOK_EVERY
        while waiting:
            for run, state in self._client.execute(_ENDED, (list(waiting),)).fetchall():
                if state != "succeeded":
                    raise AssertionError(f"run {run} is {state}")
                shape.verify(waiting.pop(run), self._client.execute(_RESULT, (run,)).fetchone()[0])
            if time.monotonic() > patience:
                raise TimeoutError(f"{len(waiting)} runs did not end")
            if waiting:
                time.sleep(look_every)

    def _submit(self, seed: int) -> str:
        new = NewRun(str(uuid.uuid4()), {"seed": seed}, 3600.0, traceparent=self._traceparent())
        begun = self._runtime.database.lifecycle.begin(self._program, new)
        self._runtime.publisher.hints(begun.hints)
        return begun.run

    def workers(self) -> list[int]:
        """The worker processes."""
        return self._workers.pids

    def watchers(self) -> list[int]:
        """Nobody watches."""
        return []

    def stop(self) -> None:
        """Warm shutdown."""
        self._workers.stop()

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()
        self._runtime.close()
