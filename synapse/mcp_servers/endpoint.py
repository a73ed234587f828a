"""The MCP endpoint, before the SDK: what it leaves open is settled here.

Both revisions of the protocol are served at one address and without sessions. The SDK tells them apart by a header alone, reads bodies
before anything else is known, and knows no scopes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mcp.server import MCPServer
from mcp_types import HEADER_MISMATCH, PROTOCOL_VERSION_META_KEY
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from synapse.mcp_servers.grants import grant_of
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.problems import problem
from synapse.mcp_servers.request_body import Gone, Unreadable, read_body, replayed

_VERSION: Final = b"mcp-protocol-version"

Needs = Callable[[str, Any], str | None]
"""(method, params) → the scope that such a request needs, None for none."""


@dataclass(frozen=True)
class Endpoint:
    """The endpoint as an ASGI application; requests reach it with a grant."""

    _server: MCPServer[Any]
    max_body: int
    needs: Needs
    metrics: ServerMetrics
    challenge: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 405, 408, 413, 400 or 403, else what the MCP server answers."""
        if scope["method"] != "POST":
            # Without sessions there is no stream to open and none to end.
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        try:
            body = await read_body(scope, receive, self.max_body)
        except Gone:
            return
        except Unreadable as error:
            self.metrics.refused("body")
            await problem(error.code, error.status, error.detail, instance=scope["path"])(scope, receive, send)
            return
        refusal = self._refusal(scope, body)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._server.session_manager.handle_request(_trimmed(scope), replayed(body, receive), send)

    def _refusal(self, scope: Scope, body: bytes) -> Response | None:
        grant = grant_of(scope)
        versions = [value.decode("latin-1").strip(" \t") for name, value in scope["headers"] if name == _VERSION]
        if len(versions) > 1:
            return self._mismatch(None)
        if grant.is_whole and PROTOCOL_VERSION_META_KEY.encode() not in body:
            return None
        call = _parsed(body)
        params = call.get("params")
        meta = params.get("_meta") if isinstance(params, dict) else None
        # A request that says in its body which revision it is of must not be served as one of another.
        if isinstance(meta, dict) and PROTOCOL_VERSION_META_KEY in meta and [meta[PROTOCOL_VERSION_META_KEY]] != versions:
            return self._mismatch(call.get("id"))
        needed = self.needs(str(call.get("method")), params)
        if needed is None or grant.allows(needed):
            return None
        self.metrics.refused("scope")
        told = f'Bearer realm="synapse"{self.challenge}, error="insufficient_scope", scope="{needed}"'
        return problem(
            "insufficient-scope", 403, f"the token lacks the scope {needed}", instance=scope["path"], headers={"WWW-Authenticate": told}
        )

    def _mismatch(self, request: object) -> Response:
        self.metrics.refused("mismatch")
        error = {"code": HEADER_MISMATCH, "message": "the header and the body name different revisions of the protocol"}
        known = request if isinstance(request, (str, int)) else None
        return JSONResponse({"jsonrpc": "2.0", "id": known, "error": error}, status_code=400)


def _trimmed(scope: Scope) -> Scope:
    """Blanks around a header's value are no part of it (RFC 9110, 5.5), and a parser may leave them there."""
    return {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}


def _parsed(body: bytes) -> dict[str, Any]:
    """The call; empty for what the SDK will refuse anyway."""
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return call if isinstance(call, dict) else {}
