"""`synapse api` processes, which find these tests' agents as those of an installed package."""

from __future__ import annotations

import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import httpx

from tests.chaos.house import CHAIN, THINGS, House
from tests.chaos.packages import install
from tests.chaos.workers import ROOT, Rules
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.waiting import PATIENCE

AGENTS: Final = {
    f"test_{name}": f"tests.integration.engine.app:{what}" for name, what in (("list", "listed"), ("work", "work"), ("sum", "summed"))
}
TOKEN: Final = "a-token-for-these-tests-only"


class Apis:
    """Instances over one house; `CHAIN` is their workflow ``chaos``."""

    def __init__(self, house: House) -> None:
        self.house = house
        packages, workflows = install(house.folder / "packages", AGENTS), house.folder / "workflows"
        workflows.mkdir()
        (workflows / "chaos.yaml").write_text(CHAIN)
        self._environment = {
            **house.workers.environment,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{packages}",
            "SYNAPSE_WORKFLOWS_DIR": str(workflows),
            "SYNAPSE_API_TOKEN": TOKEN,
        }
        self._serial = itertools.count()
        self.running: dict[str, ServerProcess] = {}

    def start(self, faults: Rules = (), **settings: str) -> str:
        """Start one and wait until it answers; its URL."""
        port, log = free_port(), self.house.folder / f"api-{next(self._serial)}.log"
        environment = {**self._environment, **settings}
        if faults:
            environment["SYNAPSE_FAULTS"] = json.dumps({"marks": str(self.house.marks), "who": "api", "rules": list(faults)})
        process = ServerProcess([sys.executable, "-m", "synapse.cli.main", "api", "--port", str(port)], log=log, env=environment)
        process.wait_until(lambda: "ready" in log.read_text(errors="replace"), "API")
        url = f"http://127.0.0.1:{port}"
        self.running[url] = process
        return url

    def stop(self, url: str) -> None:
        """Ask it to stop, as a restart does, and wait until it has."""
        self.running.pop(url).stop()

    def close(self) -> None:
        """End them all."""
        for process in self.running.values():
            process.kill()


def submit(url: str, folder: Path, key: str) -> httpx.Response:
    """One request on a connection of its own."""
    body: dict[str, Any] = {"workflow": "chaos", "input": {**THINGS, "folder": str(folder)}}
    headers = {"Idempotency-Key": key, "Connection": "close", "Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        return client.post(f"{url}/v1/runs", json=body, headers=headers)
