"""A private Alertmanager with the configuration of the project."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx

from tests.services.ports import free_port
from tests.services.process import ServerProcess, Service, ServiceMissing


class Alertmanager(Service):
    """Takes alerts from Prometheus; what it does with them its configuration says."""

    name = "alertmanager"

    def __init__(self, config: Path) -> None:
        found = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        if found is None:
            raise ServiceMissing("Alertmanager is not installed (Debian: prometheus-alertmanager)")
        self._program, self._config = found, config
        super().__init__()
        self.address = f"127.0.0.1:{free_port()}"

    def start(self) -> None:
        """Start, and wait until it answers questions."""
        if self.running:
            return
        options = [f"--config.file={self._config}", f"--storage.path={self.folder / 'data'}", f"--web.listen-address={self.address}"]
        self._process = ServerProcess([self._program, *options, "--cluster.listen-address="], log=self.folder / "alertmanager.log")
        self._process.wait_until(self._ready, "Alertmanager")

    def _ready(self) -> bool:
        try:
            return httpx.get(f"http://{self.address}/-/ready", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def firing(self) -> list[dict[str, Any]]:
        """The labels of the alerts that it was told of, and that are not over."""
        answer = httpx.get(f"http://{self.address}/api/v2/alerts", params={"active": "true"}, trust_env=False, timeout=20)
        assert answer.status_code == 200, answer.text
        return [alert["labels"] for alert in answer.json()]
