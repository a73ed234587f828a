"""Tools without MCP: the same functions, limits and scopes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from mcp.server.mcpserver import Context
from mcp_types import ToolAnnotations
from pydantic import BaseModel

from synapse.errors import NotFound, Permanent, StepTimeout, Transient
from synapse.mcp_servers import admission, filesystem, primary
from synapse.mcp_servers.app import build, new_server
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.tool import guarded
from synapse.settings import McpServerSettings
from tests.unit.mcp_servers.issuing import AUDIENCE, ISSUER, Issuer

URL = "http://127.0.0.1:8801"


class Said(BaseModel):
    word: str


def _made(metrics: ServerMetrics, **settings: Any) -> Any:
    server = new_server("test", "")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
    @guarded(metrics, lambda said: said.word)
    async def say(word: str, ctx: Context) -> Said:
        """Say a word."""
        for percent in (10.0, 50.0):
            await ctx.report_progress(percent, 100.0, "saying")
        match word:
            case "never":
                raise Permanent("it is not said")
            case "later":
                raise Transient("not now")
            case "slowly":
                raise StepTimeout("too slow")
            case "lost":
                raise NotFound("no such word")
            case "crash":
                raise RuntimeError("secret detail")
        return Said(word=word)

    return build(server, McpServerSettings.model_validate(settings), metrics, {})


@asynccontextmanager
async def _client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
        yield client


async def test_a_tool_is_called_with_its_arguments_as_json() -> None:
    metrics = ServerMetrics()
    async with _client(_made(metrics)) as client:
        response = await client.post("/tools/say", json={"word": "cat"})
    assert (response.status_code, response.json()) == (200, {"word": "cat"})
    assert 'synapse_mcp_tool_calls_total{outcome="ok",tool="say"} 1.0' in metrics.page().decode()


@pytest.mark.parametrize(
    ("word", "status", "code", "retryable"),
    [
        ("never", 422, "permanent", False),
        ("later", 503, "transient", True),
        ("slowly", 504, "timeout", True),
        ("lost", 404, "not-found", False),
        ("crash", 500, "internal", True),
    ],
)
async def test_a_failure_is_a_problem_with_its_kind(word: str, status: int, code: str, retryable: bool) -> None:
    async with _client(_made(ServerMetrics())) as client:
        response = await client.post("/tools/say", json={"word": word})
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    told = response.json()
    assert (told["code"], told["retryable"], told["instance"]) == (code, retryable, "/tools/say")
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("path", "sent", "status", "code"),
    [
        ("/tools/say", {"json": {}}, 400, "invalid-input"),
        ("/tools/say", {"json": {"word": {"secret": 1}}}, 400, "invalid-input"),
        ("/tools/say", {"json": ["cat"]}, 400, "invalid-input"),
        ("/tools/say", {"content": b"{", "headers": {"content-type": "application/json"}}, 400, "malformed-json"),
        ("/tools/say", {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, 400, "malformed-json"),
        ("/tools/say", {"data": {"word": "cat"}}, 415, "unsupported-media-type"),
        ("/tools/say", {"content": b'{"word": "cat"}', "headers": {"content-type": "text/plain"}}, 415, "unsupported-media-type"),
        ("/tools/say", {"json": {"word": "x" * 5_000_000}}, 413, "body-too-large"),
        ("/tools/absent", {"json": {}}, 404, "no-such-tool"),
        ("/tools/say", {"json": {}, "headers": {"origin": "https://evil.test"}}, 403, "forbidden-origin"),
        ("/tools/say", {"json": {}, "headers": {"host": "evil.test"}}, 421, "misdirected-request"),
    ],
)
async def test_what_is_no_good_call_says_why_and_repeats_nothing(path: str, sent: dict[str, Any], status: int, code: str) -> None:
    async with _client(_made(ServerMetrics())) as client:
        response = await client.post(path, **sent)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert "secret" not in response.text


async def test_arguments_at_fault_are_named() -> None:
    async with _client(_made(ServerMetrics())) as client:
        told = (await client.post("/tools/say", json={})).json()
        wrong_method = await client.get("/tools/say")
    assert [fault["field"] for fault in told["errors"]] == ["word"]
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")


async def test_progress_is_told_as_events_and_the_last_one_is_the_result_or_a_problem() -> None:
    async with _client(_made(ServerMetrics())) as client:
        good = await client.post("/tools/say", json={"word": "cat"}, headers={"accept": "text/event-stream"})
        bad = await client.post("/tools/say", json={"word": "never"}, headers={"accept": "text/event-stream"})
    assert good.headers["content-type"] == "text/event-stream"
    assert [name for name, _ in _events(good.text)] == ["progress", "progress", "result"]
    assert _events(good.text)[1][1] == {"progress": 50.0, "total": 100.0, "message": "saying"}
    assert _events(good.text)[-1][1] == {"word": "cat"}
    name, told = _events(bad.text)[-1]
    assert (name, told["code"], told["status"]) == ("error", "permanent", 422)


async def test_a_token_calls_and_sees_what_its_scopes_allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = Issuer()
    monkeypatch.setattr(admission, "_guarded", lambda *_: issuer.get)
    app = filesystem.create_app(McpServerSettings(mcp_oauth_issuer=ISSUER, mcp_oauth_audience=AUDIENCE), tmp_path)
    reader, writer = ({"authorization": f"Bearer {issuer.token(scope)}"} for scope in ("tools:read", "tools:read tools:write"))
    save = {"path": "a.md", "content": "x"}
    async with _client(app) as client:
        refused = await client.post("/tools/save_file", json=save, headers=reader)
        nobody = await client.post("/tools/save_file", json=save)
        saved = await client.post("/tools/save_file", json=save, headers=writer)
        listed = [{tool["name"] for tool in (await client.get("/tools", headers=each)).json()["tools"]} for each in (reader, writer)]
        described = (await client.get("/openapi.json", headers=reader)).json()
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient-scope")
    assert 'scope="tools:write"' in refused.headers["www-authenticate"]
    assert (nobody.status_code, saved.status_code) == (401, 200)
    assert "save_file" in listed[1] - listed[0]
    assert "/tools/save_file" not in described["paths"]


@pytest.mark.parametrize("make", [primary.create_app, filesystem.create_app])
async def test_what_is_listed_is_what_there_is_and_answers_keep_to_their_schemas(tmp_path: Path, make: Any) -> None:
    calls = {"search_corpus": {"query": "cats"}, "save_file": {"path": "a.md", "content": "x"}, "list_directory": {}}
    async with _client(make(McpServerSettings(), tmp_path)) as client:
        tools = {tool["name"]: tool for tool in (await client.get("/tools")).json()["tools"]}
        described = (await client.get("/openapi.json")).json()
        for name in [name for name in calls if name in tools]:
            answered = await client.post(f"/tools/{name}", json=calls[name])
            assert answered.status_code == 200, answered.text
            jsonschema.validate(answered.json(), tools[name]["outputSchema"])
            schema = described["paths"][f"/tools/{name}"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
            jsonschema.validate(answered.json(), {**schema, "components": described["components"]})
    assert {path.removeprefix("/tools/") for path in described["paths"] if path != "/tools"} == set(tools)


def _events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found
