"""The small HTTP server of a process that has none: what it counts, whether it lives, whether it takes work."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client import REGISTRY, CollectorRegistry, multiprocess
from prometheus_client.exposition import choose_encoder

MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The Prometheus client's own variable: with it, every process of a prefork pool counts into files of that folder."""


def page(accept: str = "") -> tuple[bytes, str]:
    """All metrics and their media type, in what a scraper accepts: OpenMetrics, which has exemplars, or Prometheus' plain text.

    With a folder of several processes' files, theirs added up.
    """
    registry = REGISTRY
    if os.environ.get(MULTIPROCESS):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


def forget_process() -> None:
    """Take this process, which ends, off the gauges of living ones. What it counted stays counted."""
    if os.environ.get(MULTIPROCESS):
        multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


class Exposition:
    """Answers ``/metrics``, ``/healthz`` and ``/readyz`` on a thread. Raises OSError when the port is taken; 0 takes a free one.

    ``look`` is called before metrics are told, for those that nobody sets until they are asked for.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        alive: Callable[[], bool],
        ready: Callable[[], bool],
        look: Callable[[], None] = lambda: None,
    ) -> None:
        about = {"probes": {"/healthz": alive, "/readyz": ready}, "look": staticmethod(look)}
        self._server = ThreadingHTTPServer((host, port), type("Handler", (_Handler,), about))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True, name="synapse-exposition")

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    probes: dict[str, Callable[[], bool]]
    look: Callable[[], None]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self.look()
            self._answer(200, *page(self.headers.get("Accept", "")))
        elif path in self.probes:
            good = self.probes[path]()
            self._answer(200 if good else 503, b"ok\n" if good else b"no\n")
        else:
            self._answer(404, b"/metrics, /healthz and /readyz are here\n")

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a probe every few seconds is no event."""
