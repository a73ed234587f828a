from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from synapse.errors import InvalidInput
from synapse.mcp_servers import filesystem
from synapse.mcp_servers.app import Dependency, State, build, new_server
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.settings import McpServerSettings

TOKEN = "a-token-of-sixteen-or-more"
HEADERS = {
    "accept": "application/json, text/event-stream", "content-type": "application/json", "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/list",
}  # fmt: skip
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}  # fmt: skip
LIST = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}})


def _settings(**values: object) -> McpServerSettings:
    return McpServerSettings.model_validate(values)


@asynccontextmanager
async def _client(tmp_path: Path, **values: object) -> AsyncIterator[httpx.AsyncClient]:
    app = filesystem.create_app(_settings(**values), tmp_path)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8802", headers=HEADERS) as client,
    ):
        yield client


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
async def test_both_spellings_of_the_endpoint_answer_a_post_without_a_redirect(tmp_path: Path, path: str) -> None:
    async with _client(tmp_path) as client:
        response = await client.post(path, content=LIST)
    assert response.status_code == 200
    assert {"save_file", "read_file"} <= {tool["name"] for tool in response.json()["result"]["tools"]}


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "evil.test:8802", "169.254.169.254"])
async def test_a_host_that_is_not_ours_is_turned_away(tmp_path: Path, host: str) -> None:
    async with _client(tmp_path) as client:
        response = await client.post("/mcp", content=LIST, headers={"host": host})
    assert response.status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "https://127.0.0.1.evil.test"])
async def test_a_page_of_another_origin_is_turned_away(tmp_path: Path, origin: str) -> None:
    async with _client(tmp_path) as client:
        response = await client.post("/mcp", content=LIST, headers={"origin": origin})
    assert response.status_code == 403


async def test_an_operators_host_name_is_answered(tmp_path: Path) -> None:
    async with _client(tmp_path, mcp_allowed_hosts=("files.internal",)) as client:
        ours = await client.post("/mcp", content=LIST, headers={"host": "files.internal:8802", "origin": "https://files.internal"})
        default = await client.post("/mcp", content=LIST)
    assert (ours.status_code, default.status_code) == (200, 421)


@pytest.mark.parametrize("sent", [None, "Bearer wrong-token-of-some-length", f"bearer {TOKEN}", TOKEN, f"Bearer {TOKEN} ", "Bearer "])
async def test_without_the_token_nothing_is_answered(tmp_path: Path, sent: str | None) -> None:
    async with _client(tmp_path, mcp_token=TOKEN) as client:
        response = await client.post("/mcp", content=LIST, headers={"authorization": sent} if sent else {})
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
    assert TOKEN not in response.text


async def test_with_the_token_calls_are_answered_but_not_with_a_second_header_beside_it(tmp_path: Path) -> None:
    async with _client(tmp_path, mcp_token=TOKEN) as client:
        good = await client.post("/mcp", content=LIST, headers={"authorization": f"Bearer {TOKEN}"})
        twice = httpx.Headers([*HEADERS.items(), ("authorization", f"Bearer {TOKEN}"), ("authorization", "Bearer x")])
        bad = await client.post("/mcp", content=LIST, headers=twice)
        query = await client.post(f"/mcp?access_token={TOKEN}", content=LIST)
    assert (good.status_code, bad.status_code, query.status_code) == (200, 401, 401)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "files.internal", ""])
def test_a_server_that_others_can_reach_does_not_start_without_a_token(tmp_path: Path, host: str) -> None:
    with pytest.raises(InvalidInput, match="token"):
        filesystem.create_app(_settings(mcp_host=host), tmp_path)
    filesystem.create_app(_settings(mcp_host=host, mcp_token=SecretStr(TOKEN)), tmp_path)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_on_loopback_it_starts_without_one(tmp_path: Path, host: str) -> None:
    filesystem.create_app(_settings(mcp_host=host), tmp_path)


def test_a_token_that_can_be_guessed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="16"):
        filesystem.create_app(_settings(mcp_token="short"), tmp_path)


async def test_health_and_metrics_answer_without_a_token(tmp_path: Path) -> None:
    async with _client(tmp_path, mcp_token=TOKEN) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json()["dependencies"]["root"]["ok"] is True
        assert "synapse_mcp_tool_calls" in (await client.get("/metrics")).text
        # Nothing else does: a path that is not there is refused like one that is.
        assert [(await client.get(path)).status_code for path in ("/docs", "/mcp", "/healthz/", "//healthz", "/metrics/x")] == [401] * 5


async def test_readiness_names_what_ails_and_forgives_what_is_not_required(tmp_path: Path) -> None:
    async def well() -> State:
        return State(ok=True, detail="fine")

    async def ill() -> State:
        return State(ok=False, detail="no answer")

    for required, status in ((True, 503), (False, 200)):
        dependencies = {"a": Dependency(well), "b": Dependency(ill, required=required)}
        app = build(new_server("test", ""), _settings(), ServerMetrics(), dependencies)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            response = await client.get("/readyz")
        assert response.status_code == status
        assert response.json()["dependencies"]["b"] == {"ok": False, "detail": "no answer"}


async def test_a_body_of_many_megabytes_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    async with _client(tmp_path) as client:
        response = await client.post("/mcp", content=b"[" * 13_000_000)
    assert response.status_code == 413


def test_building_a_server_leaves_the_root_logger_alone(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    saved, root.handlers[:] = list(root.handlers), []
    try:
        filesystem.create_app(_settings(), tmp_path)
        assert root.handlers == []
    finally:
        root.handlers[:] = saved
    assert (list(root.handlers), root.level) == before


def test_importing_the_servers_does_nothing() -> None:
    script = (
        "import logging, threading, synapse.mcp_servers.primary, synapse.mcp_servers.filesystem\n"
        "assert not logging.getLogger().handlers and threading.active_count() == 1\n"
        "import prometheus_client\n"
        "assert b'synapse' not in prometheus_client.generate_latest()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
