"""The composition as somebody starts it, asks it a question, and stops it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TextIO

import httpx

from tests.services.ports import free_port

ROOT = Path(__file__).parents[2]
TOKEN = ROOT / "deploy" / "docker" / "secrets" / "synapse_api_token"
QUESTION = "What happens to a run when a worker is killed?"
LIMIT_SECONDS = 600.0


class Composition:
    """The profile ``core`` under a project name of its own, on free ports."""

    def __init__(self, log: TextIO) -> None:
        self._log = log
        self.port = free_port()
        self.project = f"synapse-startup-{os.getpid()}"
        self._env = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_PROFILES": "core",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "",
            "SYNAPSE_API_PORT": str(self.port),
            "RABBITMQ_PORT": str(free_port()),
        }

    def run(self, *command: str | Path) -> str:
        """What a command says. Raises CalledProcessError; what went wrong is in the log."""
        print(f"$ {' '.join(map(str, command))}", file=self._log, flush=True)
        done = subprocess.run(command, cwd=ROOT, env=self._env, stdout=subprocess.PIPE, stderr=self._log, text=True, check=False)
        print(done.stdout, file=self._log, flush=True)
        done.check_returncode()
        return done.stdout

    def up(self) -> dict[str, list[float]]:
        """Start everything, and wait; by service the seconds that it waited for others, and took itself."""
        self.run("docker", "compose", "up", "--no-build", "--detach")
        return read(self.run("scripts/wait-healthy", f"{LIMIT_SECONDS:g}"))

    def ask(self) -> dict[str, Any]:
        """A question over the published port; the report, in which every quote holds."""
        self.run("docker", "compose", "exec", "-T", "mcp-primary", "synapse", "index", "/documents", "--name", "handbook")
        head = {"Authorization": f"Bearer {TOKEN.read_text('utf-8').strip()}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=head, timeout=60, trust_env=False) as api:
            answer = api.post("/v1/runs", json={"question": QUESTION, "input": {"corpus": "handbook"}}).raise_for_status()
            url, end = answer.headers["location"], monotonic() + LIMIT_SECONDS
            while (state := api.get(url).raise_for_status().json()["state"]) == "running" and monotonic() < end:
                sleep(0.05)  # as often as a person's client would look
            if state != "succeeded":
                raise RuntimeError(f"the run is {state}: {api.get(url).text}")
            if not api.get(f"{url}/verification").raise_for_status().json()["holds"]:
                raise RuntimeError(f"a quote does not hold: {api.get(f'{url}/verification').text}")
            report: dict[str, Any] = api.get(f"{url}/report?format=json").raise_for_status().json()
        if not report["answer"]:
            raise RuntimeError("the report has no answer")
        return report

    def down(self) -> None:
        """Stop everything and forget what it kept."""
        self.run("docker", "compose", "down", "--volumes", "--remove-orphans")

    def logs(self) -> None:
        """Into the log, what every container said last."""
        self.run("docker", "compose", "logs", "--tail", "40")


def read(table: str) -> dict[str, list[float]]:
    """The rows of scripts/wait-healthy."""
    found = re.findall(r"^\| (\S+) \| (?:healthy|done) \| ([\d.]+) \| ([\d.]+) \|$", table, re.MULTILINE)
    return {name: [float(waited), float(took)] for name, waited, took in found}
