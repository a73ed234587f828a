"""Signals: what somebody tells a run that waits for it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Response

from synapse.api.dependencies import RunId, ServiceOf
from synapse.api.problems import declared
from synapse.api.runs import IdempotencyKey
from synapse.contracts.waits import Signal, SignalRequest

router = APIRouter(prefix="/v1/runs", tags=["runs"])
_EXAMPLES: Final[dict[str, Any]] = {
    "approve": {"summary": "Approve", "value": {"payload": {"approved": True, "comment": "Go ahead."}}},
    "reject": {"summary": "Reject, for somebody else", "value": {"payload": {"approved": False, "comment": "Not yet.", "by": "ana"}}},
    "data": {"summary": "Data that a wait_for takes", "value": {"payload": {"invoice": "2027-0041", "paid": True}}},
}


@router.post(
    "/{run}/signals/{name}",
    status_code=202,
    responses={200: {"model": Signal, "description": "The signal that this key had sent"}, **declared(400, 404, 409, 413, 415, 422)},
)
def send(
    run: RunId,
    name: Annotated[
        str,
        Path(
            max_length=100,
            description="The signal's name, as `waiting_for` of the run has it; inside a foreach with the member's number: `confirm[2]`.",
            examples=["publish"],
        ),
    ],
    response: Response,
    service: ServiceOf,
    request: Annotated[SignalRequest | None, Body(openapi_examples=_EXAMPLES)] = None,
    idempotency_key: IdempotencyKey = None,
) -> Signal:
    """Send a signal. It is durable once this answers: taken by the step that waits for it, or kept until one does; by one step, once."""
    signalled = service.runs.signal(run, name, request or SignalRequest(), idempotency_key=idempotency_key)
    if idempotency_key is not None:
        response.headers["Idempotency-Replayed"] = "false" if signalled.created else "true"
    if not signalled.created:
        response.status_code = 200
    return signalled.signal
