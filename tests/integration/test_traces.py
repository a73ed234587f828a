"""One run, one trace: over API, RabbitMQ, a worker, MCP servers and the pages they fetch, as a collector receives it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.collector import Collector, Seen, collecting
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.waiting import until

TOKEN = "a-token-of-some-length"
QUESTION = "How do ants find food?"
PAGE = "# Ants\n\nAnts find food by following scent trails that other ants have laid. An ant lays a trail on its way home.\n"


class Web(BaseHTTPRequestHandler):
    """A search engine that finds nothing."""

    def do_GET(self) -> None:
        self.server.synapse_headers.update(each.lower() for each in self.headers)  # type: ignore[attr-defined]
        body = b'{"results": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@dataclass
class Engine:
    """The search engine's address, and the names of all headers that it was sent."""

    address: str
    headers: set[str]


@pytest.fixture
def web() -> Iterator[Engine]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    server.daemon_threads = True
    server.synapse_headers = set()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Engine(f"127.0.0.1:{server.server_address[1]}", server.synapse_headers)  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture
def api(postgres_url: str, broker_url: str, web: Engine, collector: Collector, tmp_path: Path) -> Iterator[str]:
    """URL of an API over everything else: `synapse up` for the servers, a Celery worker for the agents."""
    ports = [free_port() for _ in range(3)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNAPSE_", "OTEL_"))}
    env = {
        **kept,
        "SYNAPSE_HOME": str(tmp_path),
        "SYNAPSE_DATABASE_URL": postgres_url,
        "SYNAPSE_BROKER_URL": broker_url,
        "SYNAPSE_API_PORT": str(ports[0]),
        "SYNAPSE_MCP_PRIMARY_PORT": str(ports[1]),
        "SYNAPSE_MCP_FILESYSTEM_PORT": str(ports[2]),
        "SYNAPSE_MCP_PRIMARY_URL": f"http://127.0.0.1:{ports[1]}/mcp/",
        "SYNAPSE_MCP_FILESYSTEM_URL": f"http://127.0.0.1:{ports[2]}/mcp/",
        "SYNAPSE_SEARXNG_URL": f"http://{web.address}",
        "SYNAPSE_API_TOKEN": TOKEN,
        "SYNAPSE_OTEL_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    (tmp_path / "insects").mkdir()
    (tmp_path / "insects" / "ants.md").write_text(PAGE)
    subprocess.run([sys.executable, "-m", "synapse.cli.main", "index", str(tmp_path / "insects")], env=env, check=True, capture_output=True)
    up = ServerProcess([sys.executable, "-m", "synapse.cli.main", "up"], log=tmp_path / "up.log", env=env)
    worker = ServerProcess([sys.executable, "-m", "celery", "-A", "synapse", "worker"], log=tmp_path / "worker.log", env=env)
    url = f"http://127.0.0.1:{ports[0]}"
    try:
        up.wait_until(lambda: "ready; Ctrl-C stops" in up.log.read_text(errors="replace"), "synapse up")
        yield url
    finally:
        worker.stop()
        up.stop()


def ended(client: httpx.Client, run: str) -> str | None:
    state: str = client.get(f"/v1/runs/{run}").json()["state"]
    return state if state in ("succeeded", "failed", "cancelled") else None


def orphans(spans: list[Seen]) -> list[Seen]:
    known = {each.id for each in spans}
    return [each for each in spans if each.parent and each.parent not in known]


def test_a_run_is_one_trace_from_the_request_to_what_its_tools_fetched(api: str, collector: Collector, web: Engine) -> None:
    with httpx.Client(base_url=api, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60, trust_env=False) as client:
        run = client.post("/v1/runs", json={"question": QUESTION}).json()["id"]
        assert until(lambda: ended(client, run), "the run ends") == "succeeded", client.get(f"/v1/runs/{run}").text
        steps = client.get(f"/v1/runs/{run}").json()["steps"]
    (begun,) = until(lambda: [each for each in collector.spans if each.name == "ledger.begin"], "the run's first span")
    trace = begun.trace
    done = lambda: {each.about.get("synapse.step") for each in collector.of(trace)} >= {each["path"] for each in steps}  # noqa: E731
    until(done, "a span for each step")
    until(lambda: not orphans(collector.of(trace)), "every span's parent")
    spans = collector.of(trace)
    # The run's other traces: none. Celery's own, of the step, may be the last to arrive.
    assert {each.trace for each in collector.spans if "synapse.run" in each.about and each.about["synapse.run"] == run} == {trace}
    (root,) = [each for each in spans if not each.parent]
    assert (root.service, root.name) == ("synapse", "POST /v1/runs")
    by = lambda prefix: [each for each in spans if each.name.startswith(prefix)]  # noqa: E731
    assert {each.service for each in by("run/synapse.")} == {"synapse-worker"}
    assert len(by("step ")) == len(steps)
    assert len(by("ledger.complete")) == len(steps)
    assert {each.about["gen_ai.tool.name"] for each in spans if "gen_ai.tool.name" in each.about} >= {
        "search_web",
        "browse_and_extract",
        "save_file",
    }
    assert {each.about["server.address"] for each in by("HTTP GET")} == {"127.0.0.1"}
    parents = {each.id: each.name for each in spans}
    assert {parents[each.parent] for each in by("HTTP GET")} == {"tools/call search_web"}

    # Whoever is asked elsewhere is not told of the trace.
    assert "user-agent" in web.headers
    assert "traceparent" not in web.headers
