"""What there is: agents, and workflows in their versions; a tenant's own workflows are made here."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from synapse.api.dependencies import ServiceOf
from synapse.api.problems import Refusal, declared
from synapse.contracts.catalogue import AgentView, Validation, VersionList, WorkflowDiff, WorkflowView
from synapse.contracts.workflow import MOST_VERSIONS
from synapse.errors import InvalidInput

router = APIRouter(prefix="/v1", tags=["catalogue"])
_YAML: Final = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
_EXAMPLE: Final = {
    "name": "two-searches",
    "description": "Search for a question and for its opposite.",
    "input": {"type": "object", "required": ["question"], "properties": {"question": {"type": "string"}}},
    "do": {"step": "plan", "agent": "orchestrator", "with": {"question": "input.question"}},
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Workflow"}, "example": _EXAMPLE},
            "application/yaml": {"schema": {"type": "string", "description": "The same written in YAML."}},
        },
    }
}
Workflow = Annotated[str, Path(max_length=63, description="The workflow's name.", examples=["research"])]
Version = Annotated[int, Path(ge=1, le=MOST_VERSIONS, description="The version's number.")]


async def _written(request: Request) -> str | dict[str, Any]:
    """A definition as it was sent: the text of YAML, or the object of JSON. Raises Refusal, InvalidInput."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (*_YAML, "application/json"):
        raise Refusal("unsupported-media-type", 415, "a definition is JSON or YAML", remedy=f"send it as application/json or {_YAML[0]}")
    body = await request.body()
    try:
        text = body.decode("utf-8")
        data = text if kind in _YAML else json.loads(text)
    except UnicodeDecodeError as error:
        raise InvalidInput("not UTF-8", field="body") from error
    except RecursionError as error:
        raise InvalidInput("nested too deeply", field="body") from error
    except ValueError as error:
        raise Refusal("malformed-json", 400, f"not JSON: {error}"[:300]) from error
    if not isinstance(data, str | dict) or (isinstance(data, str) and kind not in _YAML):
        raise InvalidInput("a definition is an object", field="body")
    return data


Written = Annotated[str | dict[str, Any], Depends(_written)]


@router.get("/agents")
def agents(service: ServiceOf) -> list[AgentView]:
    """Every agent that this server has installed, with the JSON Schemas of its input and output."""
    return service.agents()


@router.get("/agents/{name}", responses=declared(404))
def agent(name: Annotated[str, Path(examples=["search.rank"])], service: ServiceOf) -> AgentView:
    """One agent."""
    return service.agent(name)


@router.get("/workflows", responses=declared(422))
def workflows(service: ServiceOf) -> list[WorkflowView]:
    """Every workflow that runs can be started of: the operator's and the tenant's own, each in its newest version."""
    return service.workflows.list()


@router.post(
    "/workflows",
    status_code=201,
    openapi_extra=_BODY,
    responses={200: {"model": WorkflowView, "description": "It was there already, and is the same"}, **declared(400, 409, 413, 415, 422)},
)
def create(written: Written, service: ServiceOf, response: Response) -> WorkflowView:
    """Make a workflow of the tenant's own, or its next version. A version never changes: with a number of its own it must be a new one."""
    made, created = service.workflows.create(written)
    response.headers["Location"] = f"/v1/workflows/{made.name}/versions/{made.version}"
    if not created:
        response.status_code = 200
    return made


@router.post("/workflows/validate", openapi_extra=_BODY, responses=declared(400, 413, 415))
def validate(written: Written, service: ServiceOf) -> Validation:
    """Whether a definition could be run here, and what is wrong with it by its path. Nothing is kept or run."""
    return service.workflows.validate(written)


@router.get("/workflows/{workflow}", responses=declared(404, 422))
def workflow(workflow: Workflow, service: ServiceOf) -> WorkflowView:
    """One workflow in its newest version: the schema of its input, and its whole definition."""
    return service.workflows.get(workflow)


@router.get("/workflows/{workflow}/versions", responses=declared(404, 422))
def versions(workflow: Workflow, service: ServiceOf) -> VersionList:
    """Every version of a workflow, newest first; of the operator's files there is only the one."""
    return service.workflows.versions(workflow)


@router.get("/workflows/{workflow}/versions/{version}", responses=declared(404, 422))
def version(workflow: Workflow, version: Version, service: ServiceOf) -> WorkflowView:
    """One version of a workflow. A run is started of it by ``"workflow": "name@version"``."""
    return service.workflows.get(workflow, version)


@router.get("/workflows/{workflow}/diff", responses=declared(404, 422))
def diff(
    workflow: Workflow,
    service: ServiceOf,
    before: Annotated[int, Query(ge=1, le=MOST_VERSIONS, description="The older version's number.")],
    after: Annotated[int, Query(ge=1, le=MOST_VERSIONS, description="The newer version's number.")],
) -> WorkflowDiff:
    """How one version differs from another: part by part, and as text."""
    return service.workflows.diff(workflow, before, after)
