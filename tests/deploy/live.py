"""A small system of real programs, each told by its own port, and the Prometheus that watches it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from tests.deploy.queries import RULES
from tests.services import RabbitMQ
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.services.prometheus import Prometheus
from tests.waiting import until

PAGE = "# Ants\n\nAnts find food by following scent trails that other ants have laid. An ant lays a trail on its way home.\n"
TOKEN = "a-token-of-some-length"
QUESTION = {"question": "How do ants find food?"}
ONE_WORKER: Mapping[str, Sequence[str]] = {"worker": ()}


class Broker(RabbitMQ):
    """A broker that tells of each queue."""

    def __init__(self) -> None:
        super().__init__(plugins=("rabbitmq_prometheus",))
        self.metrics_port = free_port()
        file = self.folder / "rabbitmq.conf"
        told = [line for line in file.read_text().splitlines() if not line.startswith("management.")]
        told += [
            f"prometheus.tcp.port = {self.metrics_port}",
            "prometheus.tcp.ip = 127.0.0.1",
            "prometheus.return_per_object_metrics = true",
        ]
        file.write_text("\n".join([*told, "collect_statistics_interval = 1000"]) + "\n")


class System:
    """API, MCP servers and workers, each worker with its own words of Celery, and the Prometheus that watches them.

    ``every`` is the time between two scrapes, ``told`` who is told of alerts, ``more`` further settings.
    """

    def __init__(
        self,
        database: str,
        broker: Broker,
        folder: Path,
        workers: Mapping[str, Sequence[str]] = ONE_WORKER,
        *,
        every: str = "1s",
        told: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        ports = {name: free_port() for name in ("API_PORT", "MCP_PRIMARY_PORT", "MCP_FILESYSTEM_PORT")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNAPSE_", "OTEL_"))}
        self.env = {
            **kept,
            **{f"SYNAPSE_{name}": str(port) for name, port in ports.items()},
            "SYNAPSE_HOME": str(folder),
            "SYNAPSE_API_TOKEN": TOKEN,
            "SYNAPSE_DATABASE_URL": database,
            "SYNAPSE_BROKER_URL": broker.url,
            "SYNAPSE_MCP_PRIMARY_URL": f"http://127.0.0.1:{ports['MCP_PRIMARY_PORT']}/mcp/",
            "SYNAPSE_MCP_FILESYSTEM_URL": f"http://127.0.0.1:{ports['MCP_FILESYSTEM_PORT']}/mcp/",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **(more or {}),
        }
        (folder / "insects").mkdir()
        (folder / "insects" / "ants.md").write_text(PAGE)
        self.folder, self.url = folder, f"http://127.0.0.1:{ports['API_PORT']}"
        self._cli("index", str(folder / "insects"))
        self._cli("db", "upgrade")
        self.parts: dict[str, ServerProcess] = {}
        try:
            self._start_all(ports, broker, workers)
            self.targets = at = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
            jobs = {
                "synapse-api": [at["API_PORT"]],
                "synapse-worker": [f"127.0.0.1:{port}" for port in self.worker_ports.values()],
                "rabbitmq": [f"127.0.0.1:{broker.metrics_port}"],
                "synapse-mcp": [at["MCP_PRIMARY_PORT"], at["MCP_FILESYSTEM_PORT"]],
            }
            self.prometheus = Prometheus(RULES, jobs, token=TOKEN, every=every, told=told)
        except BaseException:
            self.stop()
            raise

    def _start_all(self, ports: dict[str, int], broker: Broker, workers: Mapping[str, Sequence[str]]) -> None:
        servers = {"api": ["api"], "primary": ["mcp", "primary"], "filesystem": ["mcp", "filesystem"]}
        for name, words in servers.items():
            self.parts[name] = self._start(name, "synapse.cli.main", *words)
        self.worker_ports = {name: free_port() for name in workers}
        for name, words in workers.items():
            command = ("celery", "-A", "synapse", "worker", "-n", f"{name}@localhost", *words)
            self.parts[name] = self._start(name, *command, SYNAPSE_WORKER_METRICS_PORT=str(self.worker_ports[name]))
        for name in servers:
            self.parts[name].wait_until(lambda name=name: "ready; Ctrl-C stops" in self.parts[name].log.read_text(errors="replace"), name)

    def _cli(self, *words: str) -> None:
        subprocess.run([sys.executable, "-m", "synapse.cli.main", *words], env=self.env, check=True, capture_output=True, timeout=100)

    def _start(self, name: str, module: str, *words: str, **more: str) -> ServerProcess:
        return ServerProcess([sys.executable, "-m", module, *words], log=self.folder / f"{name}.log", env={**self.env, **more})

    def client(self) -> httpx.Client:
        """A client of the API."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60, trust_env=False)

    def run(self, request: Mapping[str, object]) -> str:
        """A run from its request to its end; how it ended."""
        with self.client() as client:
            run = client.post("/v1/runs", json=dict(request)).json()["id"]
            return str(until(lambda: (state := client.get(f"/v1/runs/{run}").json()["state"]) != "running" and state, "the run ends"))

    def research(self) -> str:
        """A question's run; how it ended."""
        return self.run(QUESTION)

    def stop(self) -> None:
        """End all of it."""
        for process in self.parts.values():
            process.stop()
