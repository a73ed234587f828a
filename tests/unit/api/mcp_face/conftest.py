"""An assistant of the API's MCP endpoint, over a real service on SQLite."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from synapse.api.app import create_app
from synapse.service.service import Service
from synapse.settings import ApiSettings
from tests.unit.workbench import Workbench

NEW, OLD = "2026-07-28", "2025-11-25"
TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


@dataclass
class Assistant:
    """Sends single messages, as a client of either revision does."""

    client: httpx.AsyncClient
    revision: str = NEW
    headers: Mapping[str, str] = field(default_factory=dict)
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    _ids: Any = field(default_factory=itertools.count)

    async def send(self, method: str, params: Mapping[str, Any] | None = None, **headers: str) -> httpx.Response:
        """The HTTP answer to a message."""
        params = dict(params or {})
        sent = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": self.revision, **self.headers}
        if self.revision == NEW:
            keys = {"protocolVersion": NEW, "clientInfo": {"name": "t", "version": "1"}, "clientCapabilities": dict(self.capabilities)}
            meta = {f"io.modelcontextprotocol/{key}": value for key, value in keys.items()}
            params["_meta"] = meta | params.get("_meta", {})
            sent["Mcp-Method"] = method
            if method in _NAMED:
                sent["Mcp-Name"] = params[_NAMED[method]]
        message = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        return await self.client.post("/mcp", json=message, headers=sent | headers)

    async def messages(self, method: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """All messages of the answer: notifications, and the result or error last."""
        answer = await self.send(method, params)
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            lines = answer.text.splitlines()
            return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
        return [answer.json()]

    async def ask(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The result of a message."""
        last = (await self.messages(method, params))[-1]
        assert "result" in last, last
        result: dict[str, Any] = last["result"]
        return result

    async def error(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The error that a message is answered with."""
        last = (await self.messages(method, params))[-1]
        assert "error" in last, last
        error: dict[str, Any] = last["error"]
        return error

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured result of a tool."""
        result = await self.ask("tools/call", {"name": tool, "arguments": arguments})
        assert not result.get("isError"), result
        structured: dict[str, Any] = result["structuredContent"]
        return structured

    async def refusal(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The problem that a tool answers with."""
        result = await self.ask("tools/call", {"name": tool, "arguments": arguments})
        assert result["isError"], result
        problem: dict[str, Any] = result["_meta"]["synapse/problem"]
        assert problem["detail"] in result["content"][0]["text"]
        return problem


Open = Callable[..., Assistant]


@pytest.fixture
def service(bench: Workbench) -> Service:
    """The bench's service."""
    return bench.service


@pytest.fixture
async def assistant_of() -> AsyncIterator[Open]:
    """Makes assistants of a service, each with an API of its own."""
    made = []

    def of(service: Service, *, settings: Mapping[str, Any] | None = None, **more: Any) -> Assistant:
        app = create_app(service, ApiSettings.model_validate({"api_token": None, **(settings or {})}))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://127.0.0.1:8800")
        made.append((app, client))
        return Assistant(client, **more)

    yield of
    for app, client in made:
        await client.aclose()
        await app.state.mcp.close()


@pytest.fixture
def assistant(assistant_of: Open, service: Service) -> Assistant:
    """Of the newer revision, without credentials, on loopback."""
    return assistant_of(service)
