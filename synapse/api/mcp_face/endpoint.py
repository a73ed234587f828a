"""``POST /mcp``: credentials and scopes as of every route, Host and Origin, and then the MCP server. Importing this loads no SDK."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from synapse.api.dependencies import ServiceOf
from synapse.api.mcp_face.call import Call, attach
from synapse.api.mcp_face.messages import HEADER_MISMATCH, contradicts, message_of, scope_of, starts
from synapse.api.mcp_face.origins import trusted
from synapse.api.mcp_face.running import RunningServer
from synapse.api.problems import Refusal
from synapse.api.security import Caller, charge, demand
from synapse.settings import ApiSettings

router = APIRouter(tags=["mcp"])
_VERSION: Final = "mcp-protocol-version"


class Forwarded(Response):
    """An answer that the MCP server gives."""

    def __init__(self, server: RunningServer, call: Call, body: bytes) -> None:
        super().__init__()
        self._server, self._call, self._sent = server, call, body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the request answered."""
        # Blanks around a header's value are no part of it (RFC 9110, 5.5), and a parser may leave them there.
        trimmed = {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        attach(trimmed, self._call)
        await self._server.handle(trimmed, _replayed(self._sent, receive), send)


# Not described in OpenAPI: what it takes and gives is MCP's, and described by MCP itself.
@router.post("/mcp/", include_in_schema=False)
@router.post("/mcp", include_in_schema=False)
async def mcp(request: Request, service: ServiceOf, principal: Caller) -> Response:
    """The API as an MCP server (streamable HTTP, without sessions). Starting and cancelling runs needs the scope runs:write too."""
    settings: ApiSettings = request.app.state.settings
    origins = request.headers.getlist("origin")
    if not trusted(origins, request.headers.get("host", ""), settings.api_allowed_hosts):
        raise Refusal("forbidden-origin", 403, "pages of that origin may not call this server")
    body = await request.body()
    message = message_of(body)
    demand(principal, scope_of(message))
    if starts(message):
        charge(request, principal, submissions=True)
    if contradicts(message, [value.strip(" \t") for value in request.headers.getlist(_VERSION)]):
        asked = message.get("id")
        error = {"code": HEADER_MISMATCH, "message": "the header and the body name different revisions of the protocol"}
        return JSONResponse({"jsonrpc": "2.0", "id": asked if isinstance(asked, (str, int)) else None, "error": error}, status_code=400)
    return Forwarded(request.app.state.mcp, Call(service, principal), body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body once more, and then what the connection does."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return whole.pop() if whole else await receive()

    return again
