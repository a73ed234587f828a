"""An MCP server as a FastAPI application: ``/mcp``, ``/tools``, ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from fastapi.telemetry import TelemetryConfig
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.routing import Route

from synapse import __version__
from synapse.mcp_servers.admission import credentials_of, require_credentials
from synapse.mcp_servers.deadline import within_deadline
from synapse.mcp_servers.endpoint import Endpoint
from synapse.mcp_servers.gate import Gate
from synapse.mcp_servers.hosts import KnownNames
from synapse.mcp_servers.metrics import CONTENT_TYPE, ServerMetrics
from synapse.mcp_servers.oauth import METADATA, metadata, metadata_path, metadata_url
from synapse.mcp_servers.resources import ResourceList
from synapse.mcp_servers.rest import Catalogue, ToolCalls
from synapse.mcp_servers.scoped import ToolScopes
from synapse.settings import McpServerSettings


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
# A call's span is the SDK's: it continues the trace that the call names. That of its HTTP request would be a trace of its own.
_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}

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
    resources: ResourceList | None = None,
) -> FastAPI:
    """The application around a server, whose tools are all there. Raises InvalidInput for a host that others reach and no credentials."""
    require_credentials(settings)
    # Host, Origin and the body's size are ours to check, before the SDK reads anything.
    open_to_all = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server.streamable_http_app(stateless_http=True, max_request_body_size=settings.mcp_max_body, transport_security=open_to_all)
    scopes = ToolScopes(server)
    server.middleware.append(scopes)
    server.middleware.append(within_deadline)
    if resources is not None:
        server.middleware.append(resources)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await scopes.load()
        try:
            async with server.session_manager.run():
                yield
        finally:
            if on_close is not None:
                await on_close()

    app = FastAPI(
        title=server.name, version=__version__, lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None, telemetry=_TELEMETRY
    )
    audience = settings.mcp_oauth_audience
    challenge = f', resource_metadata="{metadata_url(audience)}"' if audience is not None else ""
    endpoint = Endpoint(server, settings.mcp_max_body, scopes.needed, metrics, challenge)
    # Both spellings are routes: a redirect between them would cost every POST a round trip, and some clients drop its body.
    app.router.routes.extend([Route(ENDPOINT, endpoint=endpoint), Route(f"{ENDPOINT}/", endpoint=endpoint)])
    catalogue = Catalogue(server, scopes)
    calls = ToolCalls(server, scopes, settings.mcp_max_body, metrics, challenge)
    app.add_route("/tools", catalogue.tools, methods=["GET"])
    app.add_route("/openapi.json", catalogue.openapi, methods=["GET"])
    app.router.routes.append(Route("/tools/{name}", endpoint=calls))
    _add_health(app, metrics, dependencies)
    public = _add_metadata(app, settings)
    app.add_middleware(
        Gate,
        names=KnownNames.of(settings.mcp_allowed_hosts),
        credentials=credentials_of(settings),
        metrics=metrics,
        public=public,
        challenge=challenge,
    )
    return app


def _add_metadata(app: FastAPI, settings: McpServerSettings) -> frozenset[str]:
    """The routes by which a client without a token learns where to get one, and their paths."""
    if settings.mcp_oauth_issuer is None or settings.mcp_oauth_audience is None:
        return frozenset()
    document = metadata(settings.mcp_oauth_issuer, settings.mcp_oauth_audience, app.title)

    async def resource_metadata() -> Response:
        return Response(document, media_type="application/json", headers={"Cache-Control": "max-age=300"})

    paths = frozenset({METADATA, metadata_path(settings.mcp_oauth_audience)})
    for path in paths:
        app.add_api_route(path, resource_metadata, methods=["GET"], include_in_schema=False)
    return paths


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
