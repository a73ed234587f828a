"""Steps of a run: a list without what they were given and gave, and one with both."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from synapse.api.dependencies import RunId, ServiceOf
from synapse.api.problems import declared
from synapse.contracts.run import StepState
from synapse.contracts.steps import StepDetail, StepPage

router = APIRouter(prefix="/v1/runs", tags=["runs"])


@router.get("/{run}/steps", name="steps", responses=declared(400, 404))
def listed(
    run: RunId,
    service: ServiceOf,
    state: Annotated[StepState | None, Query(description="Only steps in this state.")] = None,
    agent: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_.-]{1,128}$", description="Only steps of this agent.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Steps at most.")] = 100,
    cursor: Annotated[str | None, Query(max_length=200, description="``next`` of the page before.")] = None,
) -> StepPage:
    """Steps of a run by their place, with how long they waited and ran; without what they were given and gave."""
    return service.runs.steps(run, state=state, agent=agent, limit=limit, cursor=cursor)


@router.get("/{run}/steps/{step}", responses=declared(404))
def shown(run: RunId, step: Annotated[str, Path(description="The step's place.", examples=["read[0]"])], service: ServiceOf) -> StepDetail:
    """A step whole: its input, its output and each of its attempts."""
    return service.runs.step(run, step)
