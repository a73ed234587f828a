"""The API killed in the middle of a submission."""

from __future__ import annotations

import itertools
import json
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from synapse.faults import POINTS
from tests.chaos.house import CHAIN, THINGS, House
from tests.chaos.matrix import proves
from tests.chaos.workers import ROOT, Rules
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.waiting import PATIENCE

AGENTS = """[synapse.agents]
test_list = tests.integration.engine.app:listed
test_work = tests.integration.engine.app:work
test_sum = tests.integration.engine.app:summed
"""
TOKEN = "a-token-for-these-tests-only"


class Apis:
    """`synapse api` processes, which find these tests' agents as those of an installed package."""

    def __init__(self, house: House) -> None:
        self.house = house
        packages, workflows = house.folder / "packages", house.folder / "workflows"
        info = packages / "chaos_agents-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chaos-agents\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(AGENTS)
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
        """Ask it to stop, as a restart does; whoever is being answered is answered."""
        self.running.pop(url).stop()

    def close(self) -> None:
        """End them all."""
        for process in self.running.values():
            process.kill()


@pytest.fixture
def apis(house: House) -> Iterator[Apis]:
    """None yet."""
    made = Apis(house)
    yield made
    made.close()


def submit(url: str, folder: Path, key: str) -> httpx.Response:
    """One request on a connection of its own."""
    body: dict[str, Any] = {"workflow": "chaos", "input": {**THINGS, "folder": str(folder)}}
    headers = {"Idempotency-Key": key, "Connection": "close", "Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        return client.post(f"{url}/v1/runs", json=body, headers=headers)


@proves(
    "API killed in the middle of a submission",
    "the run is written whole or not at all; the same request with the same Idempotency-Key begins it, or finds it; its messages are sent"
    " by the reconciler",
    "a broken connection; the request can be repeated, and there is one run",
    at={point: POINTS[point] for point in ("before-submit", "in-submit")},
    waits="the repeated request; hint grace, where the run had been written",
)
@pytest.mark.parametrize("point", ["before-submit", "in-submit"])
def test_a_submission_that_was_cut_off_can_be_repeated_and_makes_one_run(
    house: House, apis: Apis, took: Callable[[float], None], point: str
) -> None:
    house.keep()
    house.workers.start("-P", "threads", "-c", "2")
    first = apis.start(faults=[{"at": point, "do": "kill"}])
    key = str(uuid.uuid4())
    with pytest.raises(httpx.TransportError):
        submit(first, house.folder, key)
    mark = house.mark()
    written = house.client.runtime.database.driver.rows("SELECT id FROM run", {})
    assert len(written) == (point == "in-submit")
    again = submit(apis.start(), house.folder, key)
    assert again.status_code == (200 if point == "in-submit" else 202)
    run = again.json()["id"]
    assert house.client.runtime.database.driver.rows("SELECT id FROM run", {}) == [(run,)]
    house.sound(run)
    took(house.recovery(run, mark))
