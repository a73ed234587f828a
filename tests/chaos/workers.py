"""Worker processes with faults in them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.services.process import ServerProcess

ROOT = Path(__file__).parents[2]
LEASE = 2.0
"""Seconds of leases and of hint grace here."""
SETTINGS = {
    "SYNAPSE_RECONCILE_SECONDS": "0.2",
    "SYNAPSE_LEASE_SECONDS": str(LEASE),
    "SYNAPSE_HINT_GRACE_SECONDS": str(LEASE),
    "SYNAPSE_CONFIRM_TIMEOUT": "2",
    "SYNAPSE_TASK_EVENTS": "false",
}

Rules = Sequence[Mapping[str, Any]]


class Workers:
    """``celery worker`` processes of an application, each with a log of its own."""

    app = "tests.chaos.app"
    queues: tuple[str, ...] = ("synapse-test",)

    def __init__(self, folder: Path, marks: Path, **environment: str) -> None:
        self.folder = folder
        self.marks = marks
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **SETTINGS, **environment}
        self.started: list[ServerProcess] = []

    def spawn(self, *options: str, faults: Rules = (), seed: int = 0, gate: Path | None = None, **settings: str) -> ServerProcess:
        """Start one worker and do not wait for it. With a gate it takes work only once that file exists."""
        number = len(self.started)
        environment = {**self.environment, **settings}
        if faults:
            rules = {"seed": seed, "who": f"worker-{number}", "marks": str(self.marks), "rules": list(faults)}
            environment["SYNAPSE_FAULTS"] = json.dumps(rules)
        if gate is not None:
            environment["SYNAPSE_CHAOS_GATE"] = str(gate)
        command = [sys.executable, "-m", "celery", "-A", self.app, "worker", "-Q", ",".join(self.queues), "-n", f"w{number}@localhost"]
        process = ServerProcess(
            [*command, "--without-gossip", "--without-mingle", *(options or ("-P", "solo", "-c", "1"))],
            log=self.folder / f"worker-{number}.log",
            env=environment,
        )
        self.started.append(process)
        return process

    def start(self, *options: str, faults: Rules = (), seed: int = 0, **settings: str) -> ServerProcess:
        """Start one worker and wait until it takes work."""
        return self.ready(self.spawn(*options, faults=faults, seed=seed, **settings))

    @staticmethod
    def ready(process: ServerProcess) -> ServerProcess:
        """Wait until that worker takes work."""
        process.wait_until(lambda: "takes work" in process.log.read_text(errors="replace"), "worker")
        return process

    def stop(self) -> None:
        """End them all, at once and however they are."""
        for process in self.started:
            process.kill()
