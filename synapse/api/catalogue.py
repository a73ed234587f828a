"""What there is: agents and workflows."""

from __future__ import annotations

from fastapi import APIRouter

from synapse.api.dependencies import ServiceOf
from synapse.api.problems import declared
from synapse.service.service import AgentView, WorkflowView

router = APIRouter(prefix="/v1", tags=["catalogue"])


@router.get("/agents")
def agents(service: ServiceOf) -> list[AgentView]:
    """Every agent that this server has installed, with the JSON Schemas of its input and output."""
    return service.agents()


@router.get("/agents/{name}", responses=declared(404))
def agent(name: str, service: ServiceOf) -> AgentView:
    """One agent."""
    return service.agent(name)


@router.get("/workflows")
def workflows(service: ServiceOf) -> list[WorkflowView]:
    """Every workflow that runs can be started of."""
    return service.workflows()


@router.get("/workflows/{name}", responses=declared(404))
def workflow(name: str, service: ServiceOf) -> WorkflowView:
    """One workflow: the schema of its input, and its whole definition."""
    return service.workflow(name)
