"""The same tools for people with curl: ``POST /tools/{name}`` with the arguments as JSON, and ``GET /tools``.

Made of the MCP server's own list: what a tool is called, what it takes, what it gives and who may call it is said once, there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, Tool
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from synapse.contracts.wire import ERROR, ToolFault
from synapse.errors import InvalidInput
from synapse.mcp_servers.calling import Outcome, Telling, answer, stream
from synapse.mcp_servers.grants import grant_of
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.openapi import document
from synapse.mcp_servers.problems import MEDIA_TYPE, described, problem
from synapse.mcp_servers.request_body import Gone, Unreadable, read_body
from synapse.mcp_servers.scoped import ToolScopes
from synapse.mcp_servers.tool import INTERNAL

STATUSES: Final = {"invalid-input": 400, "not-found": 404, "internal": 500, "unavailable": 503, "transient": 503, "timeout": 504}
"""HTTP statuses of faults by their code; of others 503 when trying again may help, else 422."""


@dataclass(frozen=True)
class Catalogue:
    """``GET /tools`` and ``GET /openapi.json``: the tools that a caller may call, with their schemas."""

    server: MCPServer[Any]
    scopes: ToolScopes

    async def tools(self, request: Request) -> Response:
        """Names, what they are for, what they take and give."""
        found = await self._mine(request)
        return JSONResponse({"tools": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in found]})

    async def openapi(self, request: Request) -> Response:
        """The same as an OpenAPI document."""
        return JSONResponse(document(self.server.name, self.server.version, await self._mine(request)))

    async def _mine(self, request: Request) -> list[Tool]:
        grant = grant_of(request.scope)
        return [tool for tool in await self.server.list_tools() if grant.allows(self.scopes.of_tool(tool.name))]


@dataclass(frozen=True)
class ToolCalls:
    """``POST /tools/{name}`` as an ASGI application; requests reach it with a grant."""

    server: MCPServer[Any]
    scopes: ToolScopes
    max_body: int
    metrics: ServerMetrics
    challenge: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call: its result, or a problem. A caller that goes away ends it."""
        try:
            arguments = await self._arguments(scope, receive)
        except Gone:
            return
        if isinstance(arguments, Response):
            await arguments(scope, receive, send)
            return
        name = scope["path_params"]["name"]

        async def call(telling: Telling) -> Outcome:
            return await self._outcome(name, arguments, telling, scope["path"])

        wants_stream = any(key == b"accept" and b"text/event-stream" in value.lower() for key, value in scope["headers"])
        await (stream if wants_stream else answer)(call, scope, receive, send)

    async def _arguments(self, scope: Scope, receive: Receive) -> dict[str, Any] | Response:
        """The call's arguments, or why there are none."""
        refused = await self._refusal(scope)
        if refused is not None:
            return refused
        path = scope["path"]
        try:
            body = await read_body(scope, receive, self.max_body)
        except Unreadable as error:
            self.metrics.refused("body")
            return problem(error.code, error.status, error.detail, instance=path)
        try:
            arguments = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            return problem("malformed-json", 400, "the body cannot be read as JSON", instance=path)
        if not isinstance(arguments, dict):
            return problem("invalid-input", 400, "the body is not an object with the tool's arguments", instance=path)
        return arguments

    async def _refusal(self, scope: Scope) -> Response | None:
        path, name = scope["path"], scope["path_params"]["name"]
        if scope["method"] != "POST":
            return problem("method-not-allowed", 405, "a tool is called with POST", instance=path, headers={"Allow": "POST"})
        if name not in {tool.name for tool in await self.server.list_tools()}:
            return problem("no-such-tool", 404, "there is no such tool", instance=path, remedy="GET /tools lists them")
        needed = self.scopes.of_tool(name)
        if not grant_of(scope).allows(needed):
            self.metrics.refused("scope")
            told = {"WWW-Authenticate": f'Bearer realm="synapse"{self.challenge}, error="insufficient_scope", scope="{needed}"'}
            return problem("insufficient-scope", 403, f"the token lacks the scope {needed}", instance=path, headers=told)
        # A form of another site's page can post without asking first, but never as JSON.
        kind = next((value for key, value in scope["headers"] if key == b"content-type"), b"").partition(b";")[0].strip().lower()
        if kind != b"application/json":
            return problem(
                "unsupported-media-type",
                415,
                "the body is not said to be JSON",
                instance=path,
                remedy="send Content-Type: application/json",
            )
        return None

    async def _outcome(self, name: str, arguments: dict[str, Any], telling: Telling, path: str) -> Outcome:
        try:
            result = await self.server.call_tool(name, arguments, telling)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                return _invalid(error.__cause__, path)
            return _failed(INTERNAL, path)
        if not isinstance(result, CallToolResult) or not isinstance(result.structured_content, dict):
            return _failed(_fault(result), path)
        return Outcome(200, result.structured_content)


def _fault(result: object) -> ToolFault:
    """What a failed result says of itself."""
    meta: Mapping[str, Any] = result.meta or {} if isinstance(result, CallToolResult) else {}
    try:
        return ToolFault.model_validate(meta.get(ERROR))
    except ValidationError:
        return INTERNAL


def _failed(fault: ToolFault, path: str) -> Outcome:
    status = STATUSES.get(fault.code, 503 if fault.retryable else 422)
    headers = {} if fault.retry_after is None else {"Retry-After": str(max(1, round(fault.retry_after)))}
    return Outcome(status, described(fault.code, status, fault.message, instance=path, retryable=fault.retryable), MEDIA_TYPE, headers)


def _invalid(error: ValidationError, path: str) -> Outcome:
    """Which arguments are at fault and why; never what they were."""
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"]), "detail": fault["msg"]} for fault in error.errors(include_input=False)
    ]
    body = described(InvalidInput.code, 400, "the arguments do not fit the tool", instance=path, errors=faults[:50])
    return Outcome(400, body, MEDIA_TYPE)
