from __future__ import annotations

import json

import httpx
import pytest

from synapse.api.app import create_app
from synapse.contracts.principal import Scope, Tenant
from synapse.service.service import Service
from synapse.settings import ApiSettings
from tests.unit.api.mcp_face.conftest import NEW, OLD, Assistant, Open
from tests.unit.workbench import QUESTION, Workbench

TOKEN = "a-token-of-some-length"
START = {"name": "start_research", "arguments": {"question": QUESTION}}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
async def test_without_good_credentials_nothing_is_answered(service: Service, assistant_of: Open, headers: dict[str, str]) -> None:
    assistant = assistant_of(service, settings={"api_token": TOKEN}, headers=headers)
    answer = await assistant.send("tools/list")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("revision", [NEW, OLD])
async def test_a_key_for_reading_starts_and_cancels_nothing_and_is_told_the_scope(
    bench: Workbench, assistant_of: Open, revision: str
) -> None:
    key = bench.runtime.database.api_keys.create(Tenant("acme"), "k", [Scope.RUNS_READ], seconds=60, by="x").key
    reader = assistant_of(bench.service, revision=revision, headers={"Authorization": f"Bearer {key}"})
    for params in (START, {"name": "cancel_run", "arguments": {"run": "r"}}):
        answer = await reader.send("tools/call", params)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope")
        assert 'scope="runs:write"' in answer.headers["www-authenticate"]
    assert (await reader.call("list_runs"))["runs"] == []


async def test_a_second_name_in_the_body_does_not_smuggle_a_call_past_the_scope(bench: Workbench, assistant_of: Open) -> None:
    """What is parsed first decides about the answer; what is run is looked at once more."""
    key = bench.runtime.database.api_keys.create(Tenant("acme"), "k", [Scope.RUNS_READ], seconds=60, by="x").key
    reader = assistant_of(bench.service, revision=OLD)
    params = '{"name": "start_research", "arguments": {"question": "What is a celery task?"}, "name": "list_runs"}'
    for body in (params, params.replace('"start_research"', '"x"').replace('"list_runs"', '"start_research"')):
        message = f'{{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {body}}}'
        headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        await reader.client.post("/mcp", content=message, headers=headers)
    assert bench.runtime.database.driver.rows("SELECT id FROM run", {}) == []


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:8800", None, 200),
        ("localhost:8800", "http://localhost:3000", 200),
        ("rebound.example", None, 421),
        ("127.0.0.1:8800", "https://evil.example", 403),
        ("127.0.0.1:8800", "null", 403),
    ],
)
async def test_without_a_token_only_this_machine_and_its_pages_are_answered(
    assistant: Assistant, host: str, origin: str | None, status: int
) -> None:
    answer = await assistant.send("tools/list", Host=host, **({"Origin": origin} if origin else {}))
    assert answer.status_code == status, answer.text


async def test_with_a_token_a_page_of_the_server_itself_may_call_and_no_other(service: Service, assistant_of: Open) -> None:
    assistant = assistant_of(service, settings={"api_token": TOKEN}, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (await assistant.send("tools/list", Host="synapse.example", Origin="https://synapse.example")).status_code == 200
    answer = await assistant.send("tools/list", Host="synapse.example", Origin="https://evil.example")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden-origin")


@pytest.mark.parametrize(
    ("headers", "meta", "status"),
    [
        ([NEW], NEW, 200),
        ([OLD], NEW, 400),
        ([], NEW, 400),
        ([NEW, OLD], NEW, 400),
        ([OLD], None, 200),
    ],
)
async def test_a_message_is_served_as_of_the_revision_it_is_of_or_not_at_all(
    assistant: Assistant, headers: list[str], meta: str | None, status: int
) -> None:
    body = {"jsonrpc": "2.0", "id": 5, "method": "tools/list", "params": {}}
    if meta:
        keys = {"protocolVersion": meta, "clientCapabilities": {}}
        body["params"] = {"_meta": {f"io.modelcontextprotocol/{key}": value for key, value in keys.items()}}
    sent = [("Accept", "application/json, text/event-stream"), ("Mcp-Method", "tools/list")]
    sent += [("MCP-Protocol-Version", each) for each in headers]
    answer = await assistant.client.post("/mcp", json=body, headers=sent)
    assert answer.status_code == status, answer.text
    if status == 400:
        assert answer.json()["error"]["code"] == -32020


async def test_both_spellings_of_the_address_are_answered_and_other_methods_are_not(assistant: Assistant) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    headers = {"Accept": "application/json, text/event-stream"}
    assert (await assistant.client.post("/mcp/", json=message, headers=headers)).status_code == 200
    for method in ("GET", "DELETE"):
        answer = await assistant.client.request(method, "/mcp", headers=headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_a_body_over_the_limit_is_refused_and_nonsense_is_an_error_of_the_protocol(service: Service, assistant_of: Open) -> None:
    assistant = assistant_of(service, settings={"api_max_body": 2000})
    answer = await assistant.send("tools/call", {"name": "start_research", "arguments": {"question": "x" * 3000}})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    for body in (b"no json", b"[]", b"[" * 1500, json.dumps({"jsonrpc": "2.0", "id": 1}).encode()):
        headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json", "MCP-Protocol-Version": NEW}
        answer = await assistant.client.post("/mcp", content=body, headers=headers)
        assert (answer.status_code, answer.json()["jsonrpc"]) == (400, "2.0"), body[:20]


async def test_it_can_be_switched_off(service: Service) -> None:
    app = create_app(service, ApiSettings(api_token=None, api_mcp=False))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8800") as client:
        answer = await client.post("/mcp", json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-route")


async def test_runs_that_are_started_here_count_as_submissions_as_over_http(service: Service, assistant_of: Open) -> None:
    assistant = assistant_of(service, settings={"api_submissions_per_minute": 1})
    await assistant.call("start_research", question=QUESTION)
    answer = await assistant.send("tools/call", START)
    assert answer.status_code == 429
    assert "retry-after" in answer.headers
    assert (await assistant.client.post("/v1/runs", json={"question": QUESTION})).status_code == 429
    assert len((await assistant.call("list_runs"))["runs"]) == 1
