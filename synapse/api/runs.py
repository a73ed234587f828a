"""Runs: start one, find them, label, cancel and resume one or many."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from synapse.api.dependencies import RunId, ServiceOf
from synapse.api.problems import declared
from synapse.contracts.bulk import BulkCancelRequest, BulkRequest, BulkResult
from synapse.contracts.labels import LabelChange
from synapse.contracts.run import RunDetail, RunPage, RunQuery, RunRequest

router = APIRouter(prefix="/v1/runs", tags=["runs"])
_TRACEPARENT: Final = re.compile(r"^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")
_EXAMPLES: Final[dict[str, Any]] = {
    "question": {"summary": "A question", "value": {"question": "What does acks_late change about Celery tasks?"}},
    "input": {
        "summary": "A question with limits",
        "value": {
            "workflow": "research",
            "input": {"question": "How does asyncio schedule tasks?", "max_sources": 8},
            "timeout_seconds": 120,
        },
    },
}


class CancelRequest(BaseModel):
    """Why a run is cancelled."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="cancelled on request", min_length=1, max_length=500)


IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Repeating a request with the same key gives the same run again.",
    ),
]


@router.post(
    "",
    status_code=202,
    responses={
        200: {"model": RunDetail, "description": "The run that this key had started"},
        **declared(400, 404, 409, 413, 415, 422, 429),
    },
)
def submit(
    request: Annotated[RunRequest, Body(openapi_examples=_EXAMPLES)],
    response: Response,
    service: ServiceOf,
    idempotency_key: IdempotencyKey = None,
    traceparent: Annotated[str | None, Header(description="W3C trace context; the run's spans continue it.")] = None,
) -> RunDetail:
    """Start a run. It is durable once this answers: it will end, whatever dies meanwhile."""
    # The standard has an unreadable traceparent ignored: tracing must not fail what it traces.
    parent = traceparent if traceparent and _TRACEPARENT.match(traceparent) else None
    submitted = service.runs.submit(request, idempotency_key=idempotency_key, traceparent=parent)
    response.headers["Location"] = f"/v1/runs/{submitted.run.id}"
    if idempotency_key is not None:
        response.headers["Idempotency-Replayed"] = "false" if submitted.created else "true"
    if not submitted.created:
        response.status_code = 200
    return submitted.run


@router.get("", name="runs", responses=declared(400))
def listed(service: ServiceOf, query: Annotated[RunQuery, Query()]) -> RunPage:
    """Runs, newest first, page by page; with filters those that all of them match."""
    return service.runs.list(query)


@router.post("/cancel", responses=declared(400, 413, 415))
def cancel_many(request: BulkCancelRequest, service: ServiceOf) -> BulkResult:
    """Stop many runs, by their ids or by a filter, and say of each what became of it. Repeating this does no harm."""
    return service.bulk.cancel(request)


@router.post("/resume", responses=declared(400, 413, 415))
def resume_many(request: BulkRequest, service: ServiceOf) -> BulkResult:
    """Go on with many failed or cancelled runs, by their ids or by a filter, and say of each what became of it."""
    return service.bulk.resume(request)


@router.get("/{run}", responses=declared(404))
def shown(run: RunId, service: ServiceOf) -> RunDetail:
    """A run with every step."""
    return service.runs.get(run)


@router.patch("/{run}/labels", responses=declared(400, 404, 413, 415))
def relabel(run: RunId, change: Annotated[LabelChange, Body()], service: ServiceOf) -> RunDetail:
    """Set labels of a run, or take them away with null; those that are not named stay (a JSON merge patch, RFC 7396)."""
    return service.runs.relabel(run, change)


@router.post("/{run}/cancel", responses=declared(400, 404))
def cancel(run: RunId, service: ServiceOf, request: CancelRequest | None = None) -> RunDetail:
    """Stop a run: nothing of it starts any more. One that has ended stays as it is."""
    return service.runs.cancel(run, (request or CancelRequest()).reason)


@router.post("/{run}/resume", status_code=202, responses=declared(404, 409))
def resume(run: RunId, service: ServiceOf) -> RunDetail:
    """Go on with a failed or cancelled run from its last good steps."""
    return service.runs.resume(run)
