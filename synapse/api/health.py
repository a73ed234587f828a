"""Whether the server lives, whether it can work, and what it has counted."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from synapse.api.dependencies import InstallationOf
from synapse.api.security import Known, Protected
from synapse.contracts.principal import Scope
from synapse.errors import SynapseError
from synapse.service.census import Census
from synapse.service.health import Health
from synapse.telemetry import metrics
from synapse.telemetry.exposition import page

router = APIRouter(tags=["operations"])
_NOT_READY: Final[dict[int | str, dict[str, Any]]] = {503: {"model": Health, "description": "The database does not answer"}}


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether the process serves requests at all. Open to everybody."""
    return {"status": "ok"}


@router.get("/readyz", responses=_NOT_READY)
async def readyz(service: InstallationOf, response: Response, principal: Known) -> Health:
    """Whether requests can be answered and runs be taken, and whether anything is away that their steps need.

    What each dependency says is for credentials with the scope of metrics.
    """
    health = await service.health()
    if not health.ok:
        response.status_code = 503
    return health if principal is not None and principal.allows(Scope.METRICS_READ) else Health(ok=health.ok, degraded=health.degraded)


@router.get(
    "/metrics",
    dependencies=[Protected],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Metrics"}},
)
def scrape(service: InstallationOf, request: Request) -> Response:
    """Prometheus' view of this process, and of what is open in the database."""
    try:
        _show(service.census())
    except SynapseError:
        # Numbers of a database that does not answer are absent, not zero; everything else is still told.
        for gauge in (metrics.STEPS_OPEN, metrics.RUNS_OPEN, metrics.QUEUE_STEPS, metrics.QUEUE_AGE_SECONDS, metrics.DEAD_LETTERS):
            gauge.clear()
    text, kind = page(request.headers.get("accept", ""))
    return Response(text, media_type=kind)


def _show(census: Census) -> None:
    metrics.RUNS_OPEN.labels("running").set(census.runs)
    for state, count in census.steps.items():
        metrics.STEPS_OPEN.labels(state).set(count)
    for queue, backlog in census.queues.items():
        metrics.QUEUE_STEPS.labels(queue).set(backlog.steps)
        metrics.QUEUE_AGE_SECONDS.labels(queue).set(backlog.age)
    for queue, count in census.dead_letters.items():
        metrics.DEAD_LETTERS.labels(queue).set(count)
