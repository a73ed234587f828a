"""An MCP server as a FastAPI application: ``/mcp``, ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

import contextlib
import hmac
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from synapse import __version__
from synapse.errors import InvalidInput
from synapse.mcp_servers.metrics import CONTENT_TYPE, ServerMetrics
from synapse.settings import McpServerSettings, is_loopback


@dataclass(frozen=True)
class State:
    """How a dependency is, in words for an operator."""

    ok: bool
    detail: str


@dataclass(frozen=True)
class Dependency:
    """Something the server needs. One that is not required is told, but does not make the server unready."""

    check: Callable[[], Awaitable[State]]
    required: bool = True


ENDPOINT: Final = "/mcp"
_MAX_BODY: Final = 12_000_000
"""Bytes of one request: the largest file that is saved, with what JSON adds to it."""

_construction = threading.Lock()


def new_server(name: str, instructions: str) -> MCPServer[Any]:
    """An SDK server without the SDK's logging: its constructor would put a handler on the root logger."""
    with _construction, _root_logger_occupied():
        return MCPServer(name, version=__version__, instructions=instructions)


@contextlib.contextmanager
def _root_logger_occupied() -> Iterator[None]:
    # logging.basicConfig, which the SDK calls, leaves a root logger alone that has a handler.
    root, placeholder = logging.getLogger(), logging.NullHandler()
    root.addHandler(placeholder)
    try:
        yield
    finally:
        root.removeHandler(placeholder)


def build(
    server: MCPServer[Any],
    settings: McpServerSettings,
    metrics: ServerMetrics,
    dependencies: Mapping[str, Dependency],
    on_close: Callable[[], Awaitable[None]] | None = None,
) -> FastAPI:
    """The application around a server. Raises InvalidInput for a host that others reach and no token."""
    require_token(settings)
    server.streamable_http_app(
        stateless_http=True, max_request_body_size=_MAX_BODY, transport_security=security(settings.mcp_allowed_hosts)
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            async with server.session_manager.run():
                yield
        finally:
            if on_close is not None:
                await on_close()

    app = FastAPI(title=server.name, version=__version__, lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    endpoint = Endpoint(server, settings.mcp_token.get_secret_value() if settings.mcp_token is not None else None)
    # Both spellings are routes: a redirect between them would cost every POST a round trip, and some clients drop its body.
    app.router.routes.extend([Route(ENDPOINT, endpoint=endpoint), Route(f"{ENDPOINT}/", endpoint=endpoint)])
    _add_health(app, metrics, dependencies)
    return app


def _add_health(app: FastAPI, metrics: ServerMetrics, dependencies: Mapping[str, Dependency]) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether the process serves requests at all."""
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """Whether calls can succeed, and each dependency's state."""
        states = {name: await dependency.check() for name, dependency in dependencies.items()}
        ready = all(state.ok or not dependencies[name].required for name, state in states.items())
        body = {
            "status": "ready" if ready else "not ready",
            "dependencies": {name: {"ok": state.ok, "detail": state.detail} for name, state in states.items()},
        }
        return JSONResponse(body, status_code=200 if ready else 503)

    @app.get("/metrics")
    async def scrape() -> Response:
        """Prometheus' view of this server."""
        return Response(metrics.page(), media_type=CONTENT_TYPE)


class Endpoint:
    """The MCP endpoint as an ASGI application that asks for the token first, if there is one."""

    def __init__(self, server: MCPServer[Any], token: str | None) -> None:
        self._server = server
        self._expected = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 401 without the token, else what the MCP server answers."""
        if self._expected is not None:
            sent = [value for name, value in scope["headers"] if name == b"authorization"]
            # Compared in constant time; two headers are refused rather than one chosen.
            if len(sent) != 1 or not hmac.compare_digest(sent[0], self._expected):
                refusal = JSONResponse({"error": "unauthorized"}, status_code=401, headers={"WWW-Authenticate": "Bearer"})
                await refusal(scope, receive, send)
                return
        await self._server.session_manager.handle_request(scope, receive, send)


def security(hosts: tuple[str, ...]) -> TransportSecuritySettings:
    """The Host and Origin headers that are answered: these names, on any port."""
    names = [f"[{host}]" if ":" in host else host for host in hosts]
    origins = [f"{scheme}://{name}" for name in names for scheme in ("http", "https")]
    return TransportSecuritySettings(
        allowed_hosts=[*names, *(f"{name}:*" for name in names)], allowed_origins=[*origins, *(f"{origin}:*" for origin in origins)]
    )


def require_token(settings: McpServerSettings) -> None:
    """Raise InvalidInput when others than this machine could call and nothing would keep them out."""
    if settings.mcp_token is not None:
        if len(settings.mcp_token.get_secret_value()) < 16:
            raise InvalidInput("SYNAPSE_MCP_TOKEN is shorter than 16 characters", field="mcp_token")
        return
    if not is_loopback(settings.mcp_host):
        raise InvalidInput(
            f"an MCP server that listens on {settings.mcp_host!r} needs a token", field="mcp_token", remedy="set SYNAPSE_MCP_TOKEN"
        )
