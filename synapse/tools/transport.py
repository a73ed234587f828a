"""The HTTP under an MCP session: a failed request fails alone, a connection gone stale is replaced, calls can be told apart in logs.

The SDK's transport ends the whole session, with every call under way in it, when one POST cannot be sent. Here such a POST gets
a JSON-RPC error for an answer, which reaches exactly the caller concerned.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

import httpx2
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR

from synapse.contracts.wire import REQUEST_ID_HEADER

request_id: ContextVar[str | None] = ContextVar("synapse_mcp_request_id", default=None)
"""Correlation header of the calls made in this context; the SDK carries the context along to the POST."""

HTTP_STATUS: Final = "httpStatus"
"""In the data of a made-up error: the HTTP status that stood in its place, 0 when no answer came."""


class Resilient(httpx2.AsyncBaseTransport):
    """Wraps the transport that does the work."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, or a JSON-RPC error that says why there is none."""
        correlation = request_id.get()
        if correlation is not None:
            request.headers[REQUEST_ID_HEADER] = correlation
        try:
            return await self._attempt(request)
        except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError, httpx2.ConnectError):
            # A kept-alive connection dies with a restarted server. Every tool may be called twice, so trying anew is safe.
            pass
        except httpx2.TransportError as error:
            return _failure(request, CONNECTION_CLOSED, f"{type(error).__name__}: {error}", 0)
        try:
            return await self._attempt(request)
        except httpx2.TransportError as error:
            return _failure(request, CONNECTION_CLOSED, f"{type(error).__name__}: {error}", 0)

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._inner.aclose()

    async def _attempt(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "text/event-stream" and response.status_code < 400:
            return response
        # Read here, where a connection that breaks half-way is still this one request's affair.
        response.request = request
        try:
            await response.aread()
        finally:
            await response.aclose()
        if response.status_code >= 400 and not _speaks_json_rpc(response, kind):
            return _failure(request, INTERNAL_ERROR, f"the server answered {response.status_code}", response.status_code)
        return response


def _speaks_json_rpc(response: httpx2.Response, kind: str) -> bool:
    """Whether a refusal is the MCP server's own; a proxy's, or one of the token check, has another shape."""
    if kind != "application/json":
        return False
    try:
        body = response.json()
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("jsonrpc") == "2.0"


def _failure(request: httpx2.Request, code: int, message: str, status: int) -> httpx2.Response:
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message, "data": {HTTP_STATUS: status}}}
    return httpx2.Response(status or 503, json=body, request=request)
