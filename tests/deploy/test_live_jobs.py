"""A rendered release's jobs and a worker, as processes: with the command, variables and keys that the chart gives them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import kombu
import pytest

from tests.deploy.charted import component, of_kind
from tests.deploy.helm import ROOT
from tests.deploy.test_chart import QUEUES, container_of, mounted_keys
from tests.services.ports import free_port
from tests.waiting import until

PROGRAMS = {"synapse": "synapse.cli.main", "celery": "celery"}


class Release:
    """Where the default scenario's containers are run, with secrets as their pods mount them."""

    def __init__(self, folder: Path, keys: dict[str, str]) -> None:
        self.folder, self.keys = folder, keys

    def command(self, owner: dict[str, Any]) -> list[str]:
        """Of an owner's only container."""
        program, *words = container_of(owner)["command"]
        return [sys.executable, "-m", PROGRAMS[program], *words]

    def variables(self, owner: dict[str, Any], **changed: str) -> dict[str, str]:
        """Of its container, the mounted keys of the Secret written where they point to."""
        name = component(owner)
        secrets, home = self.folder / name / "secrets", self.folder / name / "data"
        secrets.mkdir(parents=True)
        home.mkdir()
        for key in mounted_keys(owner["spec"]["template"]):
            (secrets / key).write_text(self.keys[key], "utf-8")
        given = {each["name"]: each["value"] for each in container_of(owner)["env"]}
        assert given["SYNAPSE_SECRETS_DIR"] == "/run/secrets/synapse"
        own = {"SYNAPSE_SECRETS_DIR": str(secrets), "SYNAPSE_HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        return {**given, **own, **changed}

    def run(self, owner: dict[str, Any]) -> str:
        """Run it to its end; what it said. Fails unless it ends well."""
        done = subprocess.run(
            self.command(owner), env=self.variables(owner), cwd=self.folder, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def release(tmp_path: Path, broker_url: str, postgres_url: str) -> Release:
    keys = {"synapse_database_url": postgres_url, "synapse_broker_url": broker_url, "synapse_mcp_token": "a-token-of-some-length"}
    return Release(tmp_path, keys)


def test_queues_are_there_after_the_hooks_and_a_worker_starts_and_goes_when_it_is_told(release: Release, broker_url: str) -> None:
    jobs = {component(each): each for each in of_kind("default", "Job").values()}
    release.run(jobs["migrations"])
    assert "exchanges and queues are there" in release.run(jobs["topology"])
    with kombu.Connection(broker_url) as connection:
        for queue in QUEUES:
            # Passive: raises where there is none.
            connection.channel().queue_declare(queue, passive=True)
    deployment = of_kind("default", "Deployment")["synapse-worker-search"]
    port = free_port()
    variables = release.variables(deployment, SYNAPSE_WORKER_METRICS_HOST="127.0.0.1", SYNAPSE_WORKER_METRICS_PORT=str(port))
    worker = subprocess.Popen(release.command(deployment), env=variables, cwd=release.folder)
    try:
        until(lambda: _answers(f"http://127.0.0.1:{port}/readyz"), "the worker's readiness")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]) == 0
    finally:
        worker.kill()
        worker.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
