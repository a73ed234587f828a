"""What each route is to whom: the one table of who may call what.

A route that is not in it cannot be called, and an application that has one cannot be made: nothing is open by oversight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from synapse.contracts.principal import Scope


@dataclass(frozen=True)
class Access:
    """A route's class: the scope it needs, None for one that is open to all; and the path parameter that names a tenant's own thing."""

    scope: Scope | None
    owned: str | None = None


OPEN: Final = Access(None)
_READ, _WRITE = Access(Scope.RUNS_READ), Access(Scope.RUNS_WRITE)
_READ_RUN, _WRITE_RUN = Access(Scope.RUNS_READ, "run"), Access(Scope.RUNS_WRITE, "run")
_READ_WORKFLOW, _WRITE_WORKFLOW = Access(Scope.RUNS_READ, "workflow"), Access(Scope.WORKFLOWS_WRITE)
_ADMIN, _ADMIN_KEY = Access(Scope.ADMIN), Access(Scope.ADMIN, "key")
_READ_SCHEDULE, _WRITE_SCHEDULE = Access(Scope.RUNS_READ, "schedule"), Access(Scope.RUNS_WRITE, "schedule")
# Where a tenant's events go is its administrators' to say.
_ADMIN_WEBHOOK = Access(Scope.ADMIN, "webhook")
# Of no tenant: messages of everybody's runs.
_OPERATOR = Access(Scope.OPERATOR)

ROUTES: Final[dict[tuple[str, str], Access]] = {
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/docs"): OPEN,
    ("GET", "/docs/{file}"): OPEN,
    ("GET", "/"): OPEN,
    ("GET", "/console/{name}"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/problems/{code}"): OPEN,
    ("GET", "/metrics"): Access(Scope.METRICS_READ),
    ("GET", "/v1/agents"): _READ,
    ("GET", "/v1/agents/{name}"): _READ,
    ("GET", "/v1/workflows"): _READ,
    ("POST", "/v1/workflows"): _WRITE_WORKFLOW,
    ("POST", "/v1/workflows/validate"): _READ,
    ("GET", "/v1/workflows/{workflow}"): _READ_WORKFLOW,
    ("GET", "/v1/workflows/{workflow}/versions"): _READ_WORKFLOW,
    ("GET", "/v1/workflows/{workflow}/versions/{version}"): _READ_WORKFLOW,
    ("GET", "/v1/workflows/{workflow}/diff"): _READ_WORKFLOW,
    ("POST", "/v1/runs"): _WRITE,
    ("GET", "/v1/runs"): _READ,
    ("POST", "/v1/runs/cancel"): _WRITE,
    ("POST", "/v1/runs/resume"): _WRITE,
    ("GET", "/v1/runs/{run}"): _READ_RUN,
    ("GET", "/v1/runs/{run}/artifacts"): _READ_RUN,
    ("GET", "/v1/runs/{run}/artifacts/{artifact}"): _READ_RUN,
    ("PATCH", "/v1/runs/{run}/labels"): _WRITE_RUN,
    ("GET", "/v1/runs/{run}/steps"): _READ_RUN,
    ("GET", "/v1/runs/{run}/steps/{step}"): _READ_RUN,
    ("GET", "/v1/runs/{run}/events"): _READ_RUN,
    ("GET", "/v1/runs/{run}/report"): _READ_RUN,
    ("GET", "/v1/runs/{run}/sources/{snapshot}"): _READ_RUN,
    ("GET", "/v1/runs/{run}/verification"): _READ_RUN,
    ("POST", "/v1/runs/{run}/cancel"): _WRITE_RUN,
    ("POST", "/v1/runs/{run}/resume"): _WRITE_RUN,
    ("POST", "/v1/runs/{run}/signals/{name}"): _WRITE_RUN,
    ("POST", "/v1/schedules"): _WRITE,
    ("GET", "/v1/schedules"): _READ,
    ("POST", "/v1/schedules/preview"): _READ,
    ("GET", "/v1/schedules/{schedule}"): _READ_SCHEDULE,
    ("PUT", "/v1/schedules/{schedule}"): _WRITE_SCHEDULE,
    ("DELETE", "/v1/schedules/{schedule}"): _WRITE_SCHEDULE,
    ("POST", "/v1/schedules/{schedule}/pause"): _WRITE_SCHEDULE,
    ("POST", "/v1/schedules/{schedule}/resume"): _WRITE_SCHEDULE,
    ("POST", "/v1/schedules/{schedule}/trigger"): _WRITE_SCHEDULE,
    ("GET", "/v1/schedules/{schedule}/next"): _READ_SCHEDULE,
    ("GET", "/v1/schedules/{schedule}/history"): _READ_SCHEDULE,
    ("GET", "/v1/usage"): _READ,
    ("GET", "/v1/links"): _READ,
    ("POST", "/v1/webhooks"): _ADMIN,
    ("GET", "/v1/webhooks"): _ADMIN,
    ("GET", "/v1/webhooks/{webhook}"): _ADMIN_WEBHOOK,
    ("PUT", "/v1/webhooks/{webhook}"): _ADMIN_WEBHOOK,
    ("DELETE", "/v1/webhooks/{webhook}"): _ADMIN_WEBHOOK,
    ("POST", "/v1/webhooks/{webhook}/enable"): _ADMIN_WEBHOOK,
    ("POST", "/v1/webhooks/{webhook}/disable"): _ADMIN_WEBHOOK,
    ("POST", "/v1/webhooks/{webhook}/rotate"): _ADMIN_WEBHOOK,
    ("POST", "/v1/webhooks/{webhook}/test"): _ADMIN_WEBHOOK,
    ("GET", "/v1/webhooks/{webhook}/deliveries"): _ADMIN_WEBHOOK,
    ("GET", "/v1/webhooks/{webhook}/deliveries/{delivery}"): _ADMIN_WEBHOOK,
    ("POST", "/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver"): _ADMIN_WEBHOOK,
    ("POST", "/v1/keys"): _ADMIN,
    ("GET", "/v1/keys"): _ADMIN,
    ("GET", "/v1/keys/{key}"): _ADMIN_KEY,
    ("DELETE", "/v1/keys/{key}"): _ADMIN_KEY,
    ("POST", "/v1/keys/{key}/rotate"): _ADMIN_KEY,
    # Some of its messages need more: synapse.api.mcp_face.messages.
    ("POST", "/mcp"): _READ,
    ("POST", "/mcp/"): _READ,
    # Of all tenants together, and no more than the metrics say.
    ("GET", "/v1/queues"): Access(Scope.METRICS_READ),
    ("GET", "/v1/workers"): Access(Scope.METRICS_READ),
    ("GET", "/v1/dead-letters"): _OPERATOR,
    ("GET", "/v1/dead-letters/{letter}"): _OPERATOR,
    ("POST", "/v1/dead-letters/{letter}/requeue"): _OPERATOR,
    ("DELETE", "/v1/dead-letters/{letter}"): _OPERATOR,
}


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Method and path of every route of the application, hidden ones too; HEAD is part of GET."""
    found: set[tuple[str, str]] = set()
    for each in iter_route_contexts(app.routes):
        path: Any = each.path
        methods = each.methods or {"*"}  # a mount or a socket has none
        found |= {(method, str(path)) for method in methods if method != "HEAD" or "GET" not in methods}
    return found


def check_classified(app: FastAPI) -> None:
    """Raise LookupError for a route that has no class."""
    missing = sorted(routes_of(app) - ROUTES.keys())
    if missing:
        raise LookupError(f"routes without a class in synapse.api.access: {missing}")
