"""A private Prometheus over the rules of the project."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.services.ports import free_port
from tests.services.process import ServerProcess, Service, ServiceMissing


class Prometheus(Service):
    """Scrapes what it is told, by default every second, and evaluates these rules; ``told`` is the Alertmanager's host and port."""

    name = "prometheus"

    def __init__(self, rules: list[Path], jobs: dict[str, list[str]], token: str, *, every: str = "1s", told: str | None = None) -> None:
        found = shutil.which("prometheus")
        if found is None:
            raise ServiceMissing("Prometheus is not installed (Debian: prometheus)")
        self._program = found
        super().__init__()
        self.port = free_port()
        config = {
            "global": {"scrape_interval": every, "evaluation_interval": "2s"},
            "rule_files": [str(rule) for rule in rules],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [told]}]}] if told else []},
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": targets}], "authorization": {"credentials": token}}
                for job, targets in jobs.items()
            ],
        }
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))

    def start(self) -> None:
        """Start, and wait until it answers questions."""
        if self.running:
            return
        command = [self._program, f"--config.file={self.folder / 'prometheus.yml'}", f"--storage.tsdb.path={self.folder / 'data'}"]
        self._process = ServerProcess([*command, f"--web.listen-address=127.0.0.1:{self.port}"], log=self.folder / "prometheus.log")
        self._process.wait_until(self._ready, "Prometheus")

    def _ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/-/ready", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def rules(self) -> dict[str, str]:
        """Each rule that was evaluated, with what went wrong the last time: nothing, if all is well."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/api/v1/rules", trust_env=False, timeout=20)
        assert answer.status_code == 200, answer.text
        found = [rule for group in answer.json()["data"]["groups"] for rule in group["rules"]]
        return {rule["name"]: rule.get("lastError", "") for rule in found if rule["health"] != "unknown"}

    def ask(self, query: str) -> list[Any]:
        """What a query gives just now: one entry a series."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/api/v1/query", params={"query": query}, trust_env=False, timeout=20)
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.json()["data"]["result"]
        return found
