"""Whether the server lives, whether it can work, and what it has counted."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from synapse.api.dependencies import ServiceOf
from synapse.api.security import Authorised, Protected
from synapse.errors import SynapseError
from synapse.service.health import Health
from synapse.telemetry import metrics

router = APIRouter(tags=["operations"])
_NOT_READY: Final[dict[int | str, dict[str, Any]]] = {503: {"model": Health, "description": "A dependency does not answer"}}


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether the process serves requests at all. Open to everybody."""
    return {"status": "ok"}


@router.get("/readyz", responses=_NOT_READY)
async def readyz(service: ServiceOf, response: Response, authorised: Authorised) -> Health:
    """Whether runs can be taken and worked off, dependency by dependency. Without the token: only whether."""
    health = await service.health()
    if not health.ok:
        response.status_code = 503
    return health if authorised else Health(ok=health.ok)


@router.get(
    "/metrics",
    dependencies=[Protected],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Metrics"}},
)
def scrape(service: ServiceOf) -> Response:
    """Prometheus' view of this process, and of the steps in the database."""
    try:
        for state, count in service.open_steps().items():
            metrics.STEPS_OPEN.labels(state).set(count)
    except SynapseError:
        # Numbers of a database that does not answer are absent, not zero; everything else is still told.
        metrics.STEPS_OPEN.clear()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
