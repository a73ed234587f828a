"""The HTTP API as an application."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from functools import cache
from typing import Any, Literal

from fastapi import FastAPI

from synapse import __version__
from synapse.api import (
    artifacts,
    catalogue,
    console,
    dead_letters,
    events,
    health,
    keys,
    links,
    operations,
    problem_pages,
    problems,
    reference_page,
    reports,
    runs,
    schedules,
    signals,
    steps,
    usage,
    webhooks,
)
from synapse.api.access import check_classified
from synapse.api.examples import exemplify
from synapse.api.limit import LimitedBody
from synapse.api.mcp_face import endpoint
from synapse.api.mcp_face.running import RunningServer
from synapse.api.measure import Measured
from synapse.api.problem_types import ProblemType
from synapse.api.quota import Told
from synapse.api.security import Protected, quotas_of
from synapse.contracts.messages import Event
from synapse.contracts.report import Report
from synapse.contracts.workflow import Workflow
from synapse.service.callers import Callers
from synapse.service.service import Service
from synapse.settings import ApiSettings, ConsoleSettings

DESCRIPTION = """Ask a question, get a report in which every statement is tied to a quote in a stored page.

Errors are [problems](https://www.rfc-editor.org/rfc/rfc9457) of the media type `application/problem+json`."""


def create_app(service: Service, settings: ApiSettings | None = None) -> FastAPI:
    """The application over a service, which stays the caller's to close. Connects to nothing.

    Raises InvalidInput when it would be open to others than this machine, LookupError for a route that nobody has classified.
    """
    settings = settings or ApiSettings()
    callers = Callers(service.runtime, settings)
    app = FastAPI(
        title="Synapse",
        version=__version__,
        description=DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"metrics": False, "logs": False, "operation_spans": False, "auto_configure": False, "exclude": _untraced},
    )
    app.state.service, app.state.settings, app.state.callers = service, settings, callers
    app.state.quotas = quotas_of(settings)
    app.state.links = links.links_of(ConsoleSettings())
    problems.install(app)
    app.add_middleware(LimitedBody, most=settings.api_max_body)
    app.add_middleware(Measured)
    app.add_middleware(Told)
    resources = (runs, steps, signals, events, reports, artifacts, schedules, webhooks, catalogue, usage, keys, dead_letters)
    for module in (*resources, operations, links):
        app.include_router(module.router, dependencies=[Protected], responses=problems.declared(400, 401, 403, 421, 429, 500, 503))
    if settings.api_mcp:
        app.state.mcp = RunningServer(settings.api_max_body)
        app.include_router(endpoint.router, dependencies=[Protected])
    app.include_router(health.router)
    app.include_router(problem_pages.router)
    app.include_router(reference_page.router)
    app.include_router(console.router)
    check_classified(app)
    plain = app.openapi
    app.openapi = cache(lambda: _described(plain()))  # type: ignore[method-assign] # the documented way to extend it
    return app


def create(settings: ApiSettings | None = None) -> FastAPI:
    """The application from settings, with a service of its own, for ``uvicorn --factory synapse.api.app:create``."""
    app = create_app(Service(), settings)
    app.state.owned = True
    return app


def _untraced(scope: Any) -> bool:
    """Probes and scrapes, which come all the time; streams of events, which last as long as their runs; MCP, which has spans of its own."""
    path: str = scope["path"]
    return path in ("/healthz", "/readyz", "/metrics", "/mcp", "/mcp/") or path.endswith("/events")


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.service.feed.close()
    if hasattr(app.state, "mcp"):
        await app.state.mcp.close()
    if getattr(app.state, "owned", False):
        app.state.service.close()


def _summary(description: str) -> str:
    """What an operation is for, in a line: its description as far as the first stop. FastAPI's own would be the function's name."""
    return re.split(r"[.:;](?:\s|$)| \(", description, maxsplit=1)[0]


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with the models that routes name by reference, and without FastAPI's own validation error."""
    models = schema.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        models.pop(unused, None)
    for model in (problems.Problem, ProblemType, Event, Report, Workflow):
        mode: Literal["validation", "serialization"] = "validation" if model is Workflow else "serialization"
        described = model.model_json_schema(ref_template="#/components/schemas/{model}", mode=mode)
        models |= described.pop("$defs", {})
        models[model.__name__] = described
    for path in schema["paths"].values():
        for operation in path.values():
            if problems.MEDIA_TYPE not in operation["responses"].get("422", {}).get("content", {}):
                operation["responses"].pop("422", None)
            operation["summary"] = _summary(operation["description"]) if "description" in operation else operation["summary"]
    exemplify(schema)
    models_and_security = schema["components"]
    models_and_security["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "The operator's token, an API key or an access token."}
    }
    schema["security"] = [{"token": []}, {}]
    return schema
