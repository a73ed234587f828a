"""The two ways Synapse is run: all in one process, and as processes of their own around RabbitMQ and PostgreSQL."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.engine.workers import Workers
from synapse.engine.registry import Registry
from tests.services import Postgres, RabbitMQ
from tests.services.ports import free_port

_COMMAND = ("-m", "synapse.cli.main")
_READY = "ready; Ctrl-C stops"


@contextmanager
def embedded(folder: Path, env: dict[str, str]) -> Iterator[str]:
    """``synapse up``; the API's URL."""
    house = Workers(folder, "up")
    try:
        house.start([[*_COMMAND, "up", "--port", "0"]], env, _READY)
        yield re.findall(r"^api +(\S+)$", (folder / "up-0.log").read_text(), re.MULTILINE)[0]
    finally:
        house.stop()


@contextmanager
def distributed(folder: Path, env: dict[str, str]) -> Iterator[str]:
    """Private PostgreSQL and RabbitMQ, and all of Synapse as processes of their own; the API's URL."""
    with Postgres() as postgres, RabbitMQ() as rabbitmq:
        env = {**env, "SYNAPSE_DATABASE_URL": postgres.create_database(), "SYNAPSE_BROKER_URL": rabbitmq.create_vhost()}
        with processes(folder, env) as url:
            yield url


@contextmanager
def processes(folder: Path, env: dict[str, str]) -> Iterator[str]:
    """API, both MCP servers and a worker for each agent's queue as processes of their own; the API's URL."""
    api, primary, filesystem = free_port(), free_port(), free_port()
    servers, workers = Workers(folder, "server"), Workers(folder, "worker")
    env = {
        **env,
        "SYNAPSE_MCP_PRIMARY_URL": f"http://127.0.0.1:{primary}/mcp/",
        "SYNAPSE_MCP_FILESYSTEM_URL": f"http://127.0.0.1:{filesystem}/mcp/",
    }
    try:
        servers.start([[*_COMMAND, "db", "upgrade"]], env, "this version")
        ports = {("api",): api, ("mcp", "primary"): primary, ("mcp", "filesystem"): filesystem}
        servers.start([[*_COMMAND, *name, "--port", str(port)] for name, port in ports.items()], env, _READY)
        # At this level a worker says that it takes work; of single steps it says nothing.
        told = {**env, "SYNAPSE_LOG_LEVEL": "info"}
        workers.start([_worker(queue) for queue in Registry.installed().queues()], told, "@localhost ready.")
        yield f"http://127.0.0.1:{api}"
    finally:
        workers.stop()
        servers.stop()


def _worker(queue: str) -> list[str]:
    return ["-m", "celery", "-A", "synapse", "worker", "-Q", queue, "-n", f"{queue}@localhost", "--concurrency", "4"]


def index(source: Path, name: str, env: dict[str, str]) -> str:
    """Make a corpus of a folder; what the command says of it."""
    done = subprocess.run(
        [sys.executable, *_COMMAND, "index", str(source), "--name", name], env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
