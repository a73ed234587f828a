"""Scopes inside the MCP server: tools out of reach are not listed, and a call that names one anyway is refused once more."""

from __future__ import annotations

from typing import Any, Final

from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST

from synapse.mcp_servers.grants import EVERYTHING, READ, WRITE, Grant, grant_of, scope_of

_RESOURCES: Final = frozenset({"resources/list", "resources/read", "resources/subscribe", "subscriptions/listen"})


class ToolScopes:
    """Which scope each tool of a server needs; filled from the server's own list when first asked."""

    def __init__(self, server: MCPServer[Any]) -> None:
        self._server = server
        self._scopes: dict[str, str] = {}

    async def load(self) -> None:
        """Read the tools. Call it when all are there, before the first request."""
        self._scopes = {tool.name: scope_of(tool.annotations) for tool in await self._server.list_tools()}

    def of_tool(self, name: object) -> str:
        """The scope of a tool; an unknown one needs what the most dangerous needs."""
        return self._scopes.get(name, WRITE) if isinstance(name, str) else WRITE

    def needed(self, method: str, params: Any) -> str | None:
        """The scope of a request, None for one that everybody may make who may come in."""
        if method == "tools/call":
            return self.of_tool(params.get("name") if isinstance(params, dict) else None)
        return READ if method in _RESOURCES else None

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Middleware of the MCP server. What was parsed here is what will be run, whatever was read out of the body before."""
        grant = grant_in(ctx)
        needed = self.needed(ctx.method, ctx.params)
        if needed is not None and not grant.allows(needed):
            raise MCPError(code=INVALID_REQUEST, message=f"the token lacks the scope {needed}")
        result = await call_next(ctx)
        if ctx.method == "tools/list" and isinstance(result, dict):
            result["tools"] = [tool for tool in result.get("tools", []) if grant.allows(self.of_tool(tool.get("name")))]
        return result


def grant_in(ctx: ServerRequestContext[Any, Any]) -> Grant:
    """The grant of a request that reached the MCP server."""
    # Without a request the caller is in this process; over HTTP nobody comes without one.
    return EVERYTHING if ctx.request is None else grant_of(ctx.request.scope)
