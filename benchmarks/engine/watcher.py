"""Who watches a system: takes its traces as an OTLP collector does, and scrapes its workers as Prometheus does.

A process of its own, so that its processor time is told apart from the workers'. It counts and keeps nothing: what is made of traces
and metrics afterwards is no cost of the engine.
"""

from __future__ import annotations

import argparse
import json
import threading
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

_ACCEPT = "application/openmetrics-text; version=1.0.0"
_SECONDS = 4.0
_seen: Counter[str] = Counter()
_lock = threading.Lock()


def main() -> None:
    """Watch until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine.watcher", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="where traces are taken, and GET /seen tells what was seen")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two scrapes")
    parser.add_argument("targets", nargs="*", help="URLs that are scraped")
    asked = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", asked.port), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("watches", flush=True)
    while True:
        for target in asked.targets:
            _scrape(target)
        threading.Event().wait(asked.every)


def _scrape(target: str) -> None:
    try:
        with urllib.request.urlopen(urllib.request.Request(target, headers={"Accept": _ACCEPT}), timeout=_SECONDS) as answer:
            size = len(answer.read())
    except OSError:
        return  # a worker that is not there yet, or no longer
    _note(scrapes=1, scraped_bytes=size)


def _note(**counts: int) -> None:
    with _lock:
        _seen.update(counts)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """An export of spans."""
        request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        _note(exports=1, spans=sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans))
        self._answer(ExportTraceServiceResponse().SerializeToString(), "application/x-protobuf")

    def do_GET(self) -> None:
        """What was seen so far."""
        with _lock:
            body = json.dumps(_seen).encode()
        self._answer(body, "application/json")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    main()
