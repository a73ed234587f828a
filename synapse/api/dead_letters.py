"""Messages that the broker gave up: look at them, send them again, drop them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from synapse.api.dependencies import ServiceOf
from synapse.api.problems import declared
from synapse.contracts.dead_letter import DeadLetterDetail, DeadLetterPage

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])


@router.get("", responses=declared(400))
def dead_letters(
    service: ServiceOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100, description="``next`` of the page before.")] = None,
) -> DeadLetterPage:
    """Messages that queues gave up, newest first."""
    return service.dead_letters.page(limit=limit, cursor=cursor)


@router.get("/{letter}", responses=declared(404))
def dead_letter(letter: str, service: ServiceOf) -> DeadLetterDetail:
    """One with its content."""
    return service.dead_letters.get(letter)


@router.post("/{letter}/requeue", responses=declared(404, 409))
def requeue(letter: str, service: ServiceOf) -> DeadLetterDetail:
    """Send it to the queue that gave it up, and forget it once the broker has it. Answers with what was sent."""
    return service.dead_letters.requeue(letter)


@router.delete("/{letter}", status_code=204, responses=declared(404))
def drop(letter: str, service: ServiceOf) -> None:
    """Forget it."""
    service.dead_letters.drop(letter)
