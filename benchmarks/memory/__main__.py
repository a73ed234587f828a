"""Weigh workers of each kind while they do many tasks: first and last PSS, the highest, and the slope between.

``python -m benchmarks.memory --tasks 10000``. Nothing passes or fails here. RabbitMQ, PostgreSQL and the MCP servers are private
ones; the figures are of the worker's whole process tree. The weights go to ``benchmarks/memory/measured.json``, from which
``scripts/generate-docs`` writes docs/reference/memory.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from pydantic import SecretStr

from benchmarks.memory import page
from benchmarks.memory.app import registry
from benchmarks.memory.weigh import KINDS, Kind, Weight, weigh
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.settings import BrokerSettings, StorageSettings
from tests.services import Postgres, RabbitMQ, procfs
from tests.services.ports import free_port
from tests.services.process import ServerProcess

ROOT = Path(__file__).parents[2]
_PAGES = 97
CELERY, OURS = ("celery", "-A", "synapse", "worker"), ("synapse", "worker")


def main() -> None:
    """Weigh each kind, print its line of the table and keep its weights."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--only", default="", help="; between kinds: " + "; ".join(kind.name for kind in KINDS))
    asked = parser.parse_args()
    wanted = [name.strip() for name in asked.only.split(";") if name.strip()]
    with tempfile.TemporaryDirectory() as name, RabbitMQ() as rabbitmq, Postgres() as postgres:
        folder = Path(name)
        with _mcp(folder) as env:
            for kind in [each for each in KINDS if not wanted or each.name in wanted]:
                env |= {"SYNAPSE_DATABASE_URL": postgres.create_database(), "SYNAPSE_BROKER_URL": rabbitmq.create_vhost()}
                began = monotonic()
                processes, weights = _of(kind, env, folder, asked.tasks)
                print(page.row(kind, processes, weights), flush=True)
                minutes = round((monotonic() - began) / 60, 1)
                page.keep({kind.name: {"processes": processes, "minutes": minutes, "weights": page.thinned(weights)}})
            page.keep({}, {" ".join(each): _started(each, env, folder) for each in (CELERY, OURS)})


def _started(command: tuple[str, ...], env: dict[str, str], folder: Path) -> float:
    """Megabytes of a worker that has had nothing to do yet."""
    program = "celery" if command is CELERY else "synapse.cli.main"
    options = ("-P", "threads", "-c", "4", "-n", "idle@localhost", "--loglevel", "info")
    worker = ServerProcess([sys.executable, "-m", program, *command[1:], *options], log=folder / f"{command[0]}.log", env=env)
    try:
        worker.wait_until(lambda: "idle@localhost ready" in worker.log.read_text(errors="replace"), "a worker")
        return procfs.pss_bytes(procfs.family(worker.pid)) / 1e6
    finally:
        worker.stop()


def _of(kind: Kind, env: dict[str, str], folder: Path, tasks: int) -> tuple[int, list[Weight]]:
    """How many processes the worker has, and its weights."""
    storage = StorageSettings(database_url=SecretStr(env["SYNAPSE_DATABASE_URL"]), home=folder)
    agents = registry if kind.agent is not None else Registry.installed()
    runtime = Runtime(storage, BrokerSettings(broker_url=SecretStr(env["SYNAPSE_BROKER_URL"])), registry=agents)
    runtime.database.upgrade()
    worker = ServerProcess(kind.command(), log=folder / "worker.log", env=env)
    step = max(1, tasks // 10)
    said = [0]

    def tell(weight: Weight) -> None:
        if weight.tasks // step > said[-1]:
            said.append(weight.tasks // step)
            print(f"  {kind.name}: {weight.tasks} tasks, {weight.megabytes:.1f} MB", file=sys.stderr, flush=True)

    try:
        weights = weigh(kind, worker, runtime, tasks, tell)
        return len(procfs.family(worker.pid)), weights
    finally:
        worker.stop()
        runtime.close()


@contextmanager
def _mcp(folder: Path) -> Iterator[dict[str, str]]:
    """Both MCP servers over a small corpus; the environment of who uses them."""
    pages = folder / "pages"
    pages.mkdir()
    for number in range(_PAGES):
        text = f"# Page {number}\n\nWhat memory number {number} holds is written here at some length. Memory holds {number} things.\n"
        (pages / f"{number}.md").write_text(text)
    primary, filesystem = free_port(), free_port()
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SYNAPSE_HOME": str(folder / "home"),
        "SYNAPSE_MCP_PRIMARY_URL": f"http://127.0.0.1:{primary}/mcp/",
        "SYNAPSE_MCP_FILESYSTEM_URL": f"http://127.0.0.1:{filesystem}/mcp/",
    }
    command = [sys.executable, "-m", "synapse.cli.main"]
    subprocess.run([*command, "index", str(pages)], env=env, check=True, capture_output=True)
    servers = [
        ServerProcess([*command, "mcp", name, "--port", str(port)], log=folder / f"{name}.log", env=env)
        for name, port in (("primary", primary), ("filesystem", filesystem))
    ]
    try:
        for server in servers:
            server.wait_until(lambda server=server: "ready" in server.log.read_text(errors="replace"), "an MCP server")
        yield env
    finally:
        for server in servers:
            server.stop()


if __name__ == "__main__":
    main()
