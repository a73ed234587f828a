"""One API process and one worker process over a database and a virtual host; the API can be started again where it was."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.engine.workers import Workers
from tests.chaos.packages import install
from tests.services.ports import free_port

TOKEN: Final = "a-token-for-measurements-only"
QUEUE: Final = "synapse-streams"
WORKFLOW: Final = """
name: streams
do:
  chain:
    - {step: first, agent: streams.note, with: {number: input.number}}
    - {timer: pause, seconds: input.pause}
    - {step: last, agent: streams.note, with: {number: input.number}}
"""
"""Hardly any work, and as long as its pause: many runs are open at once, and the machine is the API's."""
_COMMAND: Final = ("-m", "synapse.cli.main")


class House:
    """Use as a context manager; servers and workers end with it."""

    def __init__(self, database: str, broker: str, folder: Path, **settings: str) -> None:
        packages, workflows = install(folder / "packages", {"streams_note": "benchmarks.streams.agents:note"}), folder / "workflows"
        workflows.mkdir()
        (workflows / "streams.yaml").write_text(WORKFLOW)
        self._environment = {
            "PYTHONPATH": os.pathsep.join(filter(None, (str(packages), os.environ.get("PYTHONPATH", "")))),
            "SYNAPSE_DATABASE_URL": database,
            "SYNAPSE_BROKER_URL": broker,
            "SYNAPSE_HOME": str(folder / "home"),
            "SYNAPSE_WORKFLOWS_DIR": str(workflows),
            "SYNAPSE_API_TOKEN": TOKEN,
            "SYNAPSE_LOG_LEVEL": "warning",
            "SYNAPSE_TASK_EVENTS": "false",
            **settings,
        }
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._api, self._others = Workers(folder, "api"), Workers(folder, "worker")

    def __enter__(self) -> House:
        try:
            self._others.start([[*_COMMAND, "db", "upgrade"]], self._environment, "this version")
            self.start_api()
            worker = ["-m", "celery", "-A", "synapse", "worker", "-Q", QUEUE, "-n", "streams@localhost", "-P", "threads", "-c", "2"]
            quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
            # It says at this level that it takes work, and nothing of single steps.
            self._others.start([[*worker, *quiet]], {**self._environment, "SYNAPSE_LOG_LEVEL": "info"}, "@localhost ready.")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def api_pids(self) -> list[int]:
        """Ids of the API's processes."""
        return self._api.pids

    def start_api(self) -> None:
        """Start it and wait until it takes requests."""
        self._api.start([[*_COMMAND, "api", "--port", str(self._port)]], self._environment, "ready; Ctrl-C stops")

    def restart_api(self) -> None:
        """As an operator does it: requests under way end, and it comes back at the same address."""
        self._api.stop()
        self.start_api()

    def close(self) -> None:
        """End everything."""
        self._api.stop()
        self._others.stop()

    def client(self, connections: int) -> httpx.AsyncClient:
        """With the token, for so many requests at once."""
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, limits=limits, timeout=60.0, trust_env=False)


def body(number: int, pause: float) -> dict[str, Any]:
    """A submission of one run that is open for about so many seconds."""
    return {"workflow": "streams", "input": {"number": number, "pause": pause}}
