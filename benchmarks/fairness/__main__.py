"""A greedy tenant submits hundreds of runs at once, a modest one now and then a single one: how long does the modest one wait?

Both ways are measured in turn, each with a database, a virtual host and workers of its own, so that neither meets the other's queues.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr

from benchmarks.engine.workers import Workers
from benchmarks.engine.workloads import synapse as workload
from synapse.contracts.principal import Tenant
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, StorageSettings, TenantSettings
from synapse.state.lifecycle import NewRun
from synapse.workflows.compile import compile_workflow
from tests.services import Postgres, RabbitMQ

_PATIENCE = 300.0
_LOOK_EVERY = 0.002
GREEDY, MODEST = Tenant("greedy"), Tenant("modest")


@dataclass(frozen=True)
class Taken:
    """One way, measured once."""

    alone: float
    modest: list[float]
    greedy_per_second: float


class House:
    """Workers with one setting of the window, and a client that submits for both tenants."""

    def __init__(self, stack: ExitStack, postgres: Postgres, rabbitmq: RabbitMQ, folder: Path, window: int | None) -> None:
        database, broker = postgres.create_database(), rabbitmq.create_vhost()
        env = {"SYNAPSE_DATABASE_URL": database, "SYNAPSE_BROKER_URL": broker, "SYNAPSE_TASK_EVENTS": "false"}
        if window is not None:
            env["SYNAPSE_TENANT_WINDOW"] = str(window)
        self.runtime = Runtime(
            StorageSettings(database_url=SecretStr(database), home=folder),
            BrokerSettings(broker_url=SecretStr(broker)),
            registry=workload.registry(),
            tenants=TenantSettings(tenant_window=window),
        )
        stack.callback(self.runtime.close)
        self.runtime.database.upgrade()
        self._program = compile_workflow(workload.workflow(), self.runtime.registry)
        self._client: psycopg.Connection[Any] = stack.enter_context(psycopg.connect(database, autocommit=True))
        workers = Workers(folder, f"fairness-{window}")
        stack.callback(workers.stop)
        command = ["-m", "celery", "-A", workload.__name__, "worker", "-P", "threads", "-c", "2", "-Q", "synapse-bench"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        workers.start([[*command, *quiet, "-n", f"fair{i}@localhost"] for i in range(2)], env, ready="takes work")

    def submit(self, tenant: Tenant, seed: int) -> str:
        """Start a run, as the service does."""
        new = NewRun(str(uuid.uuid4()), {"seed": seed}, 3600.0, tenant=tenant)
        hints = self.runtime.database.lifecycle.begin(self._program, new).hints
        gate = self.runtime.gate
        self.runtime.publisher.hints(hints if gate is None else gate.admit(hints))
        return new.id

    def timed(self, tenant: Tenant, seed: int) -> float:
        """Milliseconds from submitting one run to its end."""
        began = time.perf_counter()
        run = self.submit(tenant, seed)
        self.wait("SELECT count(*) FROM run WHERE id = %s AND state = 'running'", run)
        return (time.perf_counter() - began) * 1000

    def _busy(self) -> bool:
        return bool(self._client.execute("SELECT 1 FROM run WHERE tenant = %s AND state = 'running' LIMIT 1", (GREEDY,)).fetchone())

    def wait(self, unfinished: str, value: str) -> None:
        """Until the query counts none."""
        patience = time.monotonic() + _PATIENCE
        while self._client.execute(unfinished, (value,)).fetchone()[0]:  # type: ignore[arg-type, index] # constants of this module
            if time.monotonic() > patience:
                raise TimeoutError("runs did not end")
            time.sleep(_LOOK_EVERY)

    def measure(self, runs: int, single: int) -> Taken:
        """The modest tenant alone, then beside the greedy one."""
        alone = statistics.median(self.timed(MODEST, seed) for seed in range(single))
        began = time.perf_counter()
        for seed in range(runs):
            self.submit(GREEDY, seed)
        modest: list[float] = []
        while len(modest) < single and (not modest or self._busy()):
            modest.append(self.timed(MODEST, len(modest)))
        self.wait("SELECT count(*) FROM run WHERE tenant = %s AND state = 'running'", GREEDY)
        return Taken(alone, modest, runs / (time.perf_counter() - began))


def main() -> None:
    """Measure, and print a table. Nothing passes or fails here."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--window", type=int, default=8, help="steps of one tenant on their way at once")
    parser.add_argument("--runs", type=int, default=300, help="runs of the greedy tenant, submitted at once")
    parser.add_argument("--single", type=int, default=8, help="modest runs at most, one after the other, while greedy ones are under way")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    ways: dict[str, int | None] = {"without": None, "with": asked.window}
    taken: dict[str, list[Taken]] = {name: [] for name in ways}
    with ExitStack() as services:
        folder = Path(services.enter_context(tempfile.TemporaryDirectory(prefix="synapse-fairness-")))
        postgres, rabbitmq = services.enter_context(Postgres()), services.enter_context(RabbitMQ())
        for turn in range(asked.rounds):
            for name, window in ways.items():
                with ExitStack() as stack:
                    taken[name].append(House(stack, postgres, rabbitmq, folder, window).measure(asked.runs, asked.single))
                print(f"round {turn + 1} {name}: {_cells(taken[name][-1])}", file=sys.stderr, flush=True)
    rows = {name: _medians(each) for name, each in taken.items()}
    ratios = [statistics.median(a / b for a, b in zip(each, other, strict=True)) for each, other in _pairs(taken)]
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {asked.runs} greedy runs; medians of {asked.rounds} rounds")
    print(f"{'window':10}{'modest p50 ms':>15}{'worst ms':>10}{'alone ms':>10}{'greedy runs/s':>15}")
    for name, row in rows.items():
        print(f"{ways[name] or 'none':<10}{row[0]:15.0f}{row[1]:10.0f}{row[2]:10.0f}{row[3]:15.1f}")
    told = f"{ratios[0]:14.1f}×{ratios[1]:9.1f}×{ratios[2]:9.2f}×{ratios[3]:14.2f}×"
    print(f"{'ratio':10}{told}   without / with, in the same round")


def _figures(taken: Taken) -> list[float]:
    return [statistics.median(taken.modest), max(taken.modest), taken.alone, taken.greedy_per_second]


def _cells(taken: Taken) -> str:
    middle, worst, alone, rate = _figures(taken)
    return f"modest {len(taken.modest)} runs, p50 {middle:.0f} ms, worst {worst:.0f} ms, alone {alone:.0f} ms; greedy {rate:.1f} runs/s"


def _medians(taken: list[Taken]) -> list[float]:
    return [statistics.median(column) for column in zip(*map(_figures, taken), strict=True)]


def _pairs(taken: dict[str, list[Taken]]) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    without = zip(*map(_figures, taken["without"]), strict=True)
    return list(zip(without, zip(*map(_figures, taken["with"]), strict=True), strict=True))


if __name__ == "__main__":
    main()
