"""Synapse with everything on by which it is observed: beside ``synapse``, what that costs.

Every run is traced and every span sent over OTLP, workers are scraped every 5 s, log in JSON, send Celery's task events, and tell
tenants apart.
"""

from __future__ import annotations

import json
import secrets
import sys
import urllib.request
from pathlib import Path
from typing import ClassVar

from benchmarks.engine.system import Servers
from benchmarks.engine.systems import synapse
from benchmarks.engine.workers import Workers
from tests.services.ports import free_port
from tests.waiting import until


class System(synapse.System):
    """The same workers, watched."""

    name: ClassVar[str] = "synapse_observed"

    def __init__(self, servers: Servers, folder: Path) -> None:
        super().__init__(servers, folder)
        self.label += "; metrics, traces, logs and task events on"
        self._folder = folder
        self._watcher = Workers(folder, "watcher")
        self._watched_at = f"http://127.0.0.1:{free_port()}"
        self._ports = [free_port() for _ in range(self._count)]
        self._env |= {
            "SYNAPSE_OTEL_ENDPOINT": self._watched_at,
            "SYNAPSE_OTEL_SAMPLE_RATIO": "1",
            "SYNAPSE_LOG_FORMAT": "json",
            "SYNAPSE_LOG_LEVEL": "info",
            "SYNAPSE_TASK_EVENTS": "true",
            "SYNAPSE_TENANT_CLASSES": "default=bench",
        }

    def start(self) -> None:
        """Start who watches, then the workers, and wait until each of them was seen."""
        urls = [f"http://127.0.0.1:{port}/metrics" for port in self._ports]
        port = self._watched_at.rpartition(":")[2]
        self._watcher.start([["-m", "benchmarks.engine.watcher", "--port", port, *urls]], {}, ready="watches")
        super().start()
        until(lambda: self._seen().get("scrapes", 0) >= len(urls), "the workers are scraped")

    def _own(self, number: int) -> dict[str, str]:
        own = {"SYNAPSE_WORKER_METRICS_PORT": str(self._ports[number])}
        if self._pool == "prefork":
            counts = self._folder / "counts"
            counts.mkdir(exist_ok=True)
            own["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
        return own

    def _traceparent(self) -> str | None:
        return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"

    def _seen(self) -> dict[str, int]:
        with urllib.request.urlopen(f"{self._watched_at}/seen", timeout=10) as answer:
            seen: dict[str, int] = json.load(answer)
        return seen

    def watchers(self) -> list[int]:
        """Who takes the traces and scrapes."""
        return self._watcher.pids

    def stop(self) -> None:
        """End the workers, say what was seen of them, and end who watched. Raises AssertionError when no span came."""
        super().stop()  # which sends the last spans
        if not self._watcher.pids:
            return
        seen = self._seen()
        self._watcher.stop()
        print(f"{self.name}: {', '.join(f'{count:,} {what}' for what, count in sorted(seen.items()))}", file=sys.stderr, flush=True)
        if not seen.get("spans"):
            raise AssertionError("no span was sent: this is not what observing costs")
