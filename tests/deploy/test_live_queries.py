"""Every query of every panel and alert, asked of a real Prometheus that scrapes a system at work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.absent import absent
from tests.deploy.queries import RULES, names, panels, queries, rules
from tests.services import RabbitMQ, ServiceMissing
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.services.prometheus import Prometheus
from tests.waiting import until

PAGE = "# Ants\n\nAnts find food by following scent trails that other ants have laid. An ant lays a trail on its way home.\n"
TOKEN = "a-token-of-some-length"
QUESTION = {"question": "How do ants find food?"}
# Without a language model, web providers, schedules, webhooks, Celery's exporter or anything that fails there is nothing to show.
SILENT = {
    "agents: Steps that do not: {{agent}} {{state}}",
    "agents: Workers: {{queue}}",
    "agents: Tasks at work: {{hostname}}",
    "api-and-mcp: Answers that are errors of the server: share",
    "api-and-mcp: Tool calls that fail: {{tool}}",
    "api-and-mcp: Refusals: {{rule}}",
    "api-and-mcp: Lookups of what is kept: {{cache}} {{outcome}}",
    "outcomes: Searches by provider: {{provider}} {{outcome}}",
    "outcomes: Time of a provider, 95 in 100: {{provider}}",
    "outcomes: Questions to the language model: {{role}} {{outcome}}",
    "outcomes: Tokens: {{role}} {{direction}}",
    "outcomes: Cost in an hour: {{role}}",
    "outcomes: Due times of schedules: {{outcome}}",
    "outcomes: Waits: {{kind}}: {{ended}}",
    "outcomes: Deliveries to webhooks: {{outcome}}",
    "outcomes: Webhooks disabled in a day: {{why}}",
}


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
    """API, MCP servers and a worker, and the Prometheus that watches them."""

    def __init__(self, database: str, broker: Broker, folder: Path) -> None:
        ports = {name: free_port() for name in ("API_PORT", "MCP_PRIMARY_PORT", "MCP_FILESYSTEM_PORT", "WORKER_METRICS_PORT")}
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
        }
        (folder / "insects").mkdir()
        (folder / "insects" / "ants.md").write_text(PAGE)
        self.folder, self.url = folder, f"http://127.0.0.1:{ports['API_PORT']}"
        self._cli("index", str(folder / "insects"))
        self._cli("db", "upgrade")
        self.parts: dict[str, ServerProcess] = {}
        try:
            self._start_all(ports, broker)
        except BaseException:
            self.stop()
            raise

    def _start_all(self, ports: dict[str, int], broker: Broker) -> None:
        servers = {"api": ["api"], "primary": ["mcp", "primary"], "filesystem": ["mcp", "filesystem"]}
        for name, words in servers.items():
            self.parts[name] = self._start(name, "synapse.cli.main", *words)
        self.parts["worker"] = self._start("worker", "celery", "-A", "synapse", "worker")
        for name in servers:
            self.parts[name].wait_until(lambda name=name: "ready; Ctrl-C stops" in self.parts[name].log.read_text(errors="replace"), name)
        at = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        jobs = {
            "synapse-api": [at["API_PORT"]],
            "synapse-worker": [at["WORKER_METRICS_PORT"]],
            "rabbitmq": [f"127.0.0.1:{broker.metrics_port}"],
        }
        self.prometheus = Prometheus(RULES, {**jobs, "synapse-mcp": [at["MCP_PRIMARY_PORT"], at["MCP_FILESYSTEM_PORT"]]}, token=TOKEN)

    def _cli(self, *words: str) -> None:
        subprocess.run([sys.executable, "-m", "synapse.cli.main", *words], env=self.env, check=True, capture_output=True, timeout=100)

    def _start(self, name: str, module: str, *words: str) -> ServerProcess:
        return ServerProcess([sys.executable, "-m", module, *words], log=self.folder / f"{name}.log", env=self.env)

    def research(self) -> str:
        """A run from its request to its end; how it ended."""
        with httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60, trust_env=False) as client:
            run = client.post("/v1/runs", json=QUESTION).json()["id"]
            return str(until(lambda: (state := client.get(f"/v1/runs/{run}").json()["state"]) != "running" and state, "the run ends"))

    def stop(self) -> None:
        """End all of it."""
        for process in self.parts.values():
            process.stop()


@pytest.fixture
def system(postgres_url: str, tmp_path: Path) -> Iterator[System]:
    try:
        broker = Broker()
    except ServiceMissing as missing:
        absent(missing)
    with broker:
        made = System(postgres_url, broker, tmp_path)
        try:
            with made.prometheus:
                yield made
        finally:
            made.stop()


@pytest.mark.rabbitmq
def test_every_query_has_an_answer_once_there_is_work_and_nothing_rings(system: System) -> None:
    ask = system.prometheus.ask
    until(lambda: len(ask("up == 1")) == 5, "every target answers")
    # More than one of each: what rises is seen between two scrapes.
    for _ in range(2):
        assert system.research() == "succeeded"
        ended = len(ask("synapse:steps:rate5m"))
        until(lambda ended=ended: len(ask("synapse:steps:rate5m")) >= max(ended, 1), "the recordings were made")
    wanted = {where: query for where, query in panels().items() if where not in SILENT}
    until(lambda: not [where for where, query in wanted.items() if not ask(query)], f"all of {json.dumps(sorted(wanted))} have data", 120)
    for where, query in queries().items():
        ask(query)  # each is one that Prometheus takes
        assert names(query), where
    known = {rule.get("alert") or rule["record"] for rule in rules()}
    until(lambda: set(system.prometheus.rules()) == known, "every rule was evaluated")
    assert {name: error for name, error in system.prometheus.rules().items() if error} == {}
    # On a busy machine some may have rung while everything was starting.
    until(lambda: not ask('ALERTS{alertstate="firing"}'), "nothing rings")
