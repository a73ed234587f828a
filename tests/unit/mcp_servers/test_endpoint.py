"""Both revisions of the protocol at one address, raw and by the SDK's client; and what must not pass."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from fastapi import FastAPI
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import HEADER_MISMATCH

from synapse.mcp_servers import admission, filesystem
from synapse.settings import McpServerSettings
from tests.unit.mcp_servers.issuing import AUDIENCE, ISSUER, Issuer

MODERN, LEGACY = "2026-07-28", "2025-11-25"
URL = "http://127.0.0.1:8802"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}  # fmt: skip
SAVE = {"name": "save_file", "arguments": {"path": "a.md", "content": "hello"}}


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Issuer:
    issuer = Issuer()
    monkeypatch.setattr(admission, "_guarded", lambda *_: issuer.get)
    return issuer


@asynccontextmanager
async def _running(home: Path, **values: Any) -> AsyncIterator[FastAPI]:
    app = filesystem.create_app(McpServerSettings.model_validate(values), home)
    async with app.router.lifespan_context(app):
        yield app


async def _post(
    app: FastAPI, version: str | None, method: str, params: dict[str, Any] | None = None, body: Any = None, **headers: str
) -> httpx.Response:
    given = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    meta = {}
    if version is not None:
        given["mcp-protocol-version"] = version
    if version == MODERN:
        meta = {"_meta": META}
        given["mcp-method"] = method
        if params is not None and "name" in params:
            given["mcp-name"] = params["name"]
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**(params or {}), **meta}}
    sent = httpx.Headers({**given, **{name.replace("_", "-"): value for name, value in headers.items()}})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
        return await client.post("/mcp", content=json.dumps(body or call), headers=sent)


def _result(response: httpx.Response) -> dict[str, Any]:
    """What a response says, as JSON or in the last event of a stream."""
    if response.headers["content-type"].startswith("text/event-stream"):
        lines = [line for line in response.text.splitlines() if line.startswith("data: {")]
        return json.loads(lines[-1].removeprefix("data: "))  # type: ignore[no-any-return]
    return response.json()  # type: ignore[no-any-return]


@pytest.mark.parametrize("version", [MODERN, LEGACY, "2025-06-18"])
async def test_a_call_of_each_revision_is_answered_at_the_same_address_without_a_session(tmp_path: Path, version: str) -> None:
    async with _running(tmp_path) as app:
        response = await _post(app, version, "tools/call", SAVE)
        listed = await _post(app, version, "tools/list")
    assert response.status_code == 200
    assert _result(response)["result"]["structuredContent"]["bytes"] == 5
    assert "mcp-session-id" not in response.headers
    assert "save_file" in {tool["name"] for tool in _result(listed)["result"]["tools"]}


async def test_the_older_revisions_handshake_settles_on_what_was_asked_for(tmp_path: Path) -> None:
    async with _running(tmp_path) as app:
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        response = await _post(app, None, "initialize", params)
        noted = await _post(app, LEGACY, "", body={"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert _result(response)["result"]["protocolVersion"] == LEGACY
    assert noted.status_code == 202


async def test_blanks_around_a_headers_value_are_no_part_of_it(tmp_path: Path) -> None:
    async with _running(tmp_path) as app:
        response = await _post(
            app, f" {MODERN}\t", "tools/call", {**SAVE, "_meta": META}, mcp_method="  tools/call ", mcp_name="save_file\t"
        )
    assert response.status_code == 200


@pytest.mark.parametrize("mode", [MODERN, "legacy", "auto"])
async def test_the_sdks_client_lists_and_calls_in_both_modes(tmp_path: Path, mode: Any) -> None:
    async with (
        _running(tmp_path) as app,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=URL) as http,
        Client(streamable_http_client(f"{URL}/mcp", http_client=http), mode=mode) as client,
    ):
        names = {tool.name for tool in (await client.list_tools()).tools}
        saved = await client.call_tool("save_file", SAVE["arguments"])
    assert {"save_file", "read_file"} <= names
    assert saved.structured_content is not None
    assert saved.structured_content["path"] == "a.md"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("version", [MODERN, LEGACY])
async def test_there_is_no_stream_to_open_and_no_session_to_end(tmp_path: Path, method: str, version: str) -> None:
    async with _running(tmp_path) as app, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
        response = await client.request(method, "/mcp", headers={"accept": "text/event-stream", "mcp-protocol-version": version})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "headers",
    [
        {"mcp_method": "tools/list"},
        {"mcp_name": "read_file"},
        {"mcp_protocol_version": LEGACY},
        {"mcp_protocol_version": "2025-03-26"},
        {"mcp_protocol_version": "2099-01-01"},
    ],
)
async def test_a_header_that_disagrees_with_the_body_is_refused_and_nothing_is_written(tmp_path: Path, headers: dict[str, str]) -> None:
    async with _running(tmp_path) as app:
        response = await _post(app, MODERN, "tools/call", SAVE, **headers)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == HEADER_MISMATCH
    assert not list(tmp_path.rglob("a.md"))


async def test_a_body_of_the_new_revision_without_its_header_is_refused_and_so_are_two_headers(tmp_path: Path) -> None:
    call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {**SAVE, "_meta": META}}
    async with _running(tmp_path) as app:
        bare = await _post(app, None, "tools/call", body=call)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
            twice = [("mcp-protocol-version", LEGACY), ("mcp-protocol-version", MODERN), ("content-type", "application/json")]
            both = await client.post("/mcp", content=json.dumps(call), headers=twice)
    assert (bare.status_code, bare.json()["id"], both.status_code) == (400, 7, 400)
    assert not list(tmp_path.rglob("a.md"))


@pytest.mark.parametrize("version", [MODERN, LEGACY, None])
@pytest.mark.parametrize("size", [5_000_000, 50_000_000])
async def test_a_body_of_five_megabytes_is_refused_and_most_of_it_is_never_read(tmp_path: Path, version: str | None, size: int) -> None:
    given = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal given
        while given < size:
            given += 65_536
            yield b"[" * 65_536

    headers = {"content-type": "application/json", **({"mcp-protocol-version": version} if version else {})}
    async with _running(tmp_path) as app, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
        counted = await client.post("/mcp", content=chunks(), headers=headers)
        read = given
        announced = await client.post("/mcp", content=b"[" * 5_000_000, headers=headers)
    assert (counted.status_code, announced.status_code, announced.json()["code"]) == (413, 413, "body-too-large")
    assert read < 4_100_000


@pytest.mark.parametrize(
    "body", [b"", b"[", b"nul", b"[" * 200_000, b'{"a":' * 100_000, b"\xff\xfe", b"[]", b"1", b'{"jsonrpc":"1.0","id":1,"method":"x"}']
)
@pytest.mark.parametrize("version", [MODERN, LEGACY])
async def test_what_is_no_call_is_refused_and_the_server_goes_on(tmp_path: Path, version: str, body: bytes, issuer: Issuer) -> None:
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json", "mcp-protocol-version": version}
    token = {"authorization": f"Bearer {issuer.token('tools:read')}"}
    async with _running(tmp_path, mcp_oauth_issuer=ISSUER, mcp_oauth_audience=AUDIENCE) as app:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL, headers=headers) as client:
            response = await client.post("/mcp", content=body, headers=token)
        assert response.status_code in (400, 403)
        assert "Traceback" not in response.text
        assert (await _post(app, version, "tools/list", **token)).status_code == 200


@pytest.mark.parametrize("version", [MODERN, LEGACY])
async def test_a_token_that_may_only_read_sees_and_calls_no_tool_that_writes(tmp_path: Path, version: str, issuer: Issuer) -> None:
    token = {"authorization": f"Bearer {issuer.token('tools:read')}"}
    async with _running(tmp_path, mcp_oauth_issuer=ISSUER, mcp_oauth_audience=AUDIENCE) as app:
        listed = {tool["name"] for tool in _result(await _post(app, version, "tools/list", **token))["result"]["tools"]}
        refused = await _post(app, version, "tools/call", SAVE, **token)
        read = await _post(app, version, "tools/call", {"name": "list_directory", "arguments": {}}, **token)
        writer = {"authorization": f"Bearer {issuer.token('tools:write')}"}
        written = await _post(app, version, "tools/call", SAVE, **writer)
        stranger = await _post(
            app, version, "tools/call", SAVE, authorization=f"Bearer {issuer.token('tools:write', aud='https://x.test')}"
        )
        metadata = await _metadata(app)
    assert "save_file" not in listed
    assert "read_file" in listed
    assert (refused.status_code, read.status_code, written.status_code, stranger.status_code) == (403, 200, 200, 401)
    told = refused.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in told
    assert 'scope="tools:write"' in told
    assert 'resource_metadata="https://tools.example.org/.well-known/oauth-protected-resource/mcp"' in told
    assert [document["authorization_servers"] for document in metadata] == [[ISSUER]] * 2


@pytest.mark.parametrize(
    "claims", [{"aud": "https://other.example/mcp"}, {"iss": "https://login.example.org"}, {"exp": -300}, {"nbf": 300}, {"exp": None}]
)
async def test_a_token_for_somebody_else_or_another_time_calls_nothing_by_any_way(
    tmp_path: Path, claims: dict[str, Any], issuer: Issuer
) -> None:
    dated = {name: int(time.time()) + value if isinstance(value, int) else value for name, value in claims.items()}
    token = {"authorization": f"Bearer {issuer.token('tools:write', **dated)}"}
    async with _running(tmp_path, mcp_oauth_issuer=ISSUER, mcp_oauth_audience=AUDIENCE) as app:
        answers = [await _post(app, version, "tools/call", SAVE, **token) for version in (MODERN, LEGACY)]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
            answers.append(await client.post("/tools/save_file", json=SAVE["arguments"], headers=token))
            answers.append(await client.get("/tools", headers=token))
    assert [answer.status_code for answer in answers] == [401] * 4
    assert {answer.json()["detail"] for answer in answers} == {"A valid bearer token is needed."}
    assert not list(tmp_path.rglob("a.md"))


async def _metadata(app: FastAPI) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
        paths = ("/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp")
        return [(await client.get(path)).json() for path in paths]


@pytest.mark.parametrize("version", [MODERN, LEGACY])
async def test_a_schema_with_a_remote_reference_in_an_argument_is_only_data(
    tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("something was dialled"))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("something was looked up"))
    schema = {"$schema": "https://evil.test/schema", "$ref": "https://evil.test/schema.json", "$dynamicRef": "http://127.0.0.1:1/x"}
    async with _running(tmp_path) as app:
        saved = await _post(app, version, "tools/call", {"name": "save_file", "arguments": {**SAVE["arguments"], **schema}})  # type: ignore[dict-item]
        wrong = await _post(app, version, "tools/call", {"name": "save_file", "arguments": {"path": schema, "content": schema}})
        listed = await _post(app, version, "tools/list")
    assert (saved.status_code, wrong.status_code) == (200, 200)
    assert _result(wrong)["result"]["isError"]
    # And what we publish refers to nothing outside itself either.
    references = [text for text in json.dumps(_result(listed)).split('"$ref": "')[1:] if not text.startswith("#/")]
    assert references == []
