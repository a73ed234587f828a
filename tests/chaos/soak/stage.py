"""Everything that a soak runs and kills: workers, MCP servers, two instances of the API, RabbitMQ and PostgreSQL."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final

import psycopg

from benchmarks.engine.workloads import synapse as workload
from synapse.corpus.folder import index_folder
from synapse.engine.registry import Registry
from synapse.faults import POINTS
from tests.chaos.packages import install
from tests.chaos.soak.jobs import CORPUS, write_pages, write_workflow
from tests.chaos.soak.plan import plan
from tests.chaos.soak.victims import Command, Server, Victim
from tests.chaos.workers import ROOT
from tests.services import Postgres, RabbitMQ
from tests.services.ports import free_port

LEASE: Final = 4.0
TOKEN: Final = "a-token-for-this-soak-only"
CUT: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


class Stage:
    """The victims, and whoever strikes them by the plan of a seed."""

    def __init__(self, folder: Path, postgres: Postgres, rabbitmq: RabbitMQ, *, workers: int, seed: int, chance: float) -> None:
        self.folder, self.home, self.counts, self.marks = folder, folder / "home", folder / "counts", folder / "marks"
        for made in (self.counts, self.marks):
            made.mkdir(parents=True)
        self.database, self.broker = postgres.create_database(), rabbitmq.create_vhost()
        index_folder(write_pages(folder / "pages"), CORPUS, self.home / "corpora")
        self._ports = {name: free_port() for name in ("primary", "filesystem", "api-0", "api-1")}
        self._env = self._environment()
        rules = [{"at": point, "do": "kill", "chance": chance, "times": 1_000_000} for point in POINTS]
        faults = {"seed": seed, "marks": str(self.marks), "rules": rules}
        queues = ",".join([*Registry.installed().queues(), workload.plan.queue])
        made = [self._command(f"{name}-0", f"mcp {name} --port {self._ports[name]}") for name in ("primary", "filesystem")]
        made += [self._command(name, f"api --port {self._ports[name]}") for name in ("api-0", "api-1")]
        for number in range(workers):
            command = ["-m", "celery", "-A", "synapse", "worker", "-Q", queues, "-n", f"w{number}@localhost", "-P", "threads", "-c", "3"]
            command += ["--without-gossip", "--without-mingle"]
            counting = {**self._env, "PROMETHEUS_MULTIPROC_DIR": str(self.counts)}
            made.append(Command(f"worker-{number}", command, folder, counting, faults))
        self.victims: list[Victim] = [
            *made,
            Server("rabbitmq-0", rabbitmq),
            # SIGTERM would have PostgreSQL wait until all clients are gone.
            Server("postgres-0", postgres, self._cut, signal.SIGINT),
        ]

    @property
    def urls(self) -> list[str]:
        """Where the API is."""
        return [f"http://127.0.0.1:{self._ports[name]}" for name in ("api-0", "api-1")]

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SYNAPSE_", "PROMETHEUS_"))}
        packages = install(self.folder / "packages", {"shape": workload.__name__})
        return inherited | {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{packages}",
            "PYTHONUNBUFFERED": "1",
            "SYNAPSE_HOME": str(self.home),
            "SYNAPSE_WORKFLOWS_DIR": str(write_workflow(self.folder / "workflows")),
            "SYNAPSE_DATABASE_URL": self.database,
            "SYNAPSE_BROKER_URL": self.broker,
            "SYNAPSE_API_TOKEN": TOKEN,
            "SYNAPSE_LEASE_SECONDS": str(LEASE),
            "SYNAPSE_HINT_GRACE_SECONDS": str(LEASE),
            "SYNAPSE_RECONCILE_SECONDS": "0.5",
            "SYNAPSE_CONFIRM_TIMEOUT": "2",
            "SYNAPSE_STOP_SECONDS": "5",
            "SYNAPSE_TASK_EVENTS": "false",
            "SYNAPSE_LOG_LEVEL": "warning",
            "SYNAPSE_MCP_PRIMARY_URL": f"http://127.0.0.1:{self._ports['primary']}/mcp/",
            "SYNAPSE_MCP_FILESYSTEM_URL": f"http://127.0.0.1:{self._ports['filesystem']}/mcp/",
        }

    def _command(self, name: str, command: str) -> Command:
        return Command(name, ["-m", "synapse.cli.main", *command.split()], self.folder, self._env)

    def _cut(self) -> None:
        with psycopg.connect(self.database, autocommit=True, connect_timeout=2) as connection:
            connection.execute(CUT)

    def start(self) -> None:
        """Start what is not running, and keep all of it running."""
        for victim in self.victims:
            victim.start()

    def close(self) -> None:
        """End everything."""
        for victim in self.victims:
            victim.close()

    def points(self) -> Counter[str]:
        """How often workers were killed at which point of the protocol."""
        return Counter(mark.name.partition("-")[2].rpartition("-")[0] for mark in self.marks.glob("[0-9]*"))


class Striker:
    """Strikes the victims of a stage, on a thread of its own, until it is closed."""

    def __init__(self, stage: Stage, seed: int, every: float) -> None:
        self._victims = {victim.name: victim for victim in stage.victims}
        self._plan = plan(seed, list(self._victims), every, LEASE)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True, name="striker")
        self.struck: list[tuple[str, float]] = []
        """What was done, and when. A blow to what was not running at that moment is none."""

    def start(self) -> None:
        """Begin with the plan's first."""
        self._thread.start()

    def close(self) -> None:
        """Strike no more."""
        self._closed.set()
        self._thread.join(60)

    def _go(self) -> None:
        for blow in self._plan:
            if self._closed.wait(blow.seconds):
                return
            at = time.time()
            if self._victims[blow.victim].strike(blow):
                self.struck.append((blow.name, at))
