"""The whole system as the README runs it: a process for each part and each agent's queue, over RabbitMQ and PostgreSQL."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pytest_celery import CeleryBrokerCluster, CeleryWorkerCluster

from synapse.engine.app import SynapseApp, create_app
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, StorageSettings
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.smoke.nodes import AgentWorker, ProcessContainer, RunningBroker
from tests.waiting import until

ROOT = Path(__file__).parents[2]
TOKEN = "the token of these tests"
PAGES = {
    "ants.md": "# Ants\n\nAnts find food by following scent trails that other ants have laid.\n",
    "trails.md": "# Scent trails\n\nAnts find food by following scent trails. A scent trail fades when no ant renews it.\n",
}


@pytest.fixture
def ports() -> dict[str, int]:
    """A port for each server."""
    return {name: free_port() for name in ("api", "primary", "filesystem")}


@pytest.fixture
def environment(tmp_path: Path, postgres_url: str, broker_url: str, ports: dict[str, int]) -> dict[str, str]:
    """What every process is told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNAPSE_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "SYNAPSE_HOME": str(tmp_path / "home"),
        "SYNAPSE_DATABASE_URL": postgres_url,
        "SYNAPSE_BROKER_URL": broker_url,
        "SYNAPSE_API_PORT": str(ports["api"]),
        "SYNAPSE_MCP_PRIMARY_PORT": str(ports["primary"]),
        "SYNAPSE_MCP_FILESYSTEM_PORT": str(ports["filesystem"]),
        "SYNAPSE_MCP_PRIMARY_URL": f"http://127.0.0.1:{ports['primary']}/mcp",
        "SYNAPSE_MCP_FILESYSTEM_URL": f"http://127.0.0.1:{ports['filesystem']}/mcp",
        "SYNAPSE_API_TOKEN": TOKEN,
        "SYNAPSE_LEASE_SECONDS": "3",
        "SYNAPSE_RECONCILE_SECONDS": "0.2",
    }


@pytest.fixture
def servers(tmp_path: Path, environment: dict[str, str], ports: dict[str, int]) -> Iterator[str]:
    """Tables, a corpus, both MCP servers and the API; gives the API's address."""
    folder = tmp_path / "insects"
    folder.mkdir()
    for name, text in PAGES.items():
        (folder / name).write_text(text)
    started: list[ServerProcess] = []

    def command(*arguments: str) -> ServerProcess:
        log = tmp_path / f"command-{len(started)}.log"
        started.append(ServerProcess([sys.executable, "-m", "synapse.cli.main", *arguments], log=log, env=environment))
        return started[-1]

    for arguments in (("db", "upgrade"), ("index", str(folder), "--name", "insects")):
        process = command(*arguments)
        until(lambda process=process: not process.running, " ".join(arguments))
    try:
        for name, arguments in {"api": ("api",), "primary": ("mcp", "primary"), "filesystem": ("mcp", "filesystem")}.items():
            url = f"http://127.0.0.1:{ports[name]}/healthz"
            command(*arguments).wait_until(lambda url=url: _answers(url), name)
        yield f"http://127.0.0.1:{ports['api']}"
    finally:
        for process in started:
            process.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def celery_broker_cluster(broker_url: str) -> CeleryBrokerCluster:
    """One RabbitMQ."""
    return CeleryBrokerCluster(RunningBroker(broker_url))


@pytest.fixture
def celery_backend_cluster() -> None:
    """None: what a step gave is in the ledger, and Celery's results are ignored."""


@pytest.fixture
def celery_setup_app(broker_url: str, postgres_url: str) -> Iterator[SynapseApp]:
    """The application that users run, over the test's servers."""
    runtime = Runtime(
        storage=StorageSettings.model_validate({"database_url": postgres_url}),
        broker=BrokerSettings.model_validate({"broker_url": broker_url}),
    )
    yield create_app(runtime, set_as_current=False)
    runtime.close()


@pytest.fixture
def celery_worker_cluster(
    servers: str, environment: dict[str, str], celery_setup_app: SynapseApp, tmp_path: Path
) -> Iterator[CeleryWorkerCluster]:
    """A worker for each agent's queue, by the command of the README."""
    nodes = []
    for queue in celery_setup_app.runtime.registry.queues():
        command = [sys.executable, "-m", "celery", "-A", "synapse", "worker", "-Q", queue, "-n", f"{queue}@localhost", "-l", "INFO"]
        container = ProcessContainer(queue, command, environment, tmp_path / f"{queue}.log", f"{queue}@localhost ready", {})
        nodes.append(AgentWorker(queue, container, celery_setup_app))
        container.start()
    cluster = CeleryWorkerCluster(*nodes)
    yield cluster
    for node in nodes:
        node.teardown()


@pytest.fixture
def api(servers: str) -> Iterator[httpx.Client]:
    """Asks the API."""
    with httpx.Client(base_url=servers, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
        yield client


Ask = Callable[[str], str]


@pytest.fixture
def ask(api: httpx.Client) -> Ask:
    """POST a question; gives the run's address."""

    def post(question: str) -> str:
        answer = api.post("/v1/runs", json={"question": question, "input": {"corpus": "insects"}})
        assert answer.status_code == 202, answer.text
        return answer.headers["location"]

    return post
