from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from synapse.engine.runtime import Runtime
from synapse.errors import Unavailable
from synapse.service.health import HealthChecks
from synapse.settings import ToolSettings
from tests.unit.workbench import Workbench
from tests.waiting import PATIENCE


class Ready(BaseHTTPRequestHandler):
    """Ready on one path, not on the other."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def ready() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/mcp/"
        server.shutdown()
        thread.join(PATIENCE)


def _with(bench: Workbench, primary: str, filesystem: str) -> Runtime:
    bench.runtime.tool_settings = ToolSettings(mcp_primary_url=primary, mcp_filesystem_url=filesystem)
    return bench.runtime


async def test_all_is_well_when_every_dependency_answers(bench: Workbench, ready: str) -> None:
    health = await HealthChecks(_with(bench, ready, ready))()
    assert (health.ok, health.degraded) == (True, False), health
    assert [check.name for check in health.checks] == ["database", "broker", "mcp primary", "mcp filesystem"]


async def test_what_does_not_answer_is_named_with_what_to_do(bench: Workbench, ready: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    health = await HealthChecks(_with(bench, ready, f"http://127.0.0.1:{port}/mcp"))()
    failed = [check for check in health.checks if not check.ok]
    assert (health.ok, health.degraded) == (True, True)
    assert [(check.name, check.remedy) for check in failed] == [("mcp filesystem", "start it with 'synapse mcp filesystem'")]


async def test_without_the_database_nothing_can_be_asked(bench: Workbench, ready: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise Unavailable("away")

    runtime = _with(bench, ready, ready)
    monkeypatch.setattr(runtime.database, "check_version", away)
    health = await HealthChecks(runtime)()
    assert (health.ok, health.degraded) == (False, False)


async def test_what_hangs_is_given_up_before_whoever_probes_gives_up(bench: Workbench, ready: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synapse.service.health._SHORT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        health = await HealthChecks(_with(bench, ready, f"http://127.0.0.1:{silent.getsockname()[1]}/mcp"))()
    assert (health.ok, health.checks[-1].detail) == (True, "no answer within 0.05 seconds")
