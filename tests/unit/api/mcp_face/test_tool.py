from __future__ import annotations

from pydantic import BaseModel

from synapse.api.mcp_face.call import Call
from synapse.api.mcp_face.tool import PROBLEM, READS, Tool, refused
from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.errors import NotFound
from synapse.service.service import Service


class Name(BaseModel):
    """A name."""

    name: str


async def greet(call: Call, given: Name) -> Name:
    """Say hello."""
    return Name(name=f"Hello, {given.name}")


GREET = Tool(greet, Name, Name, lambda said: said.name + "!", "Greet", Scope.RUNS_READ, READS)


def _call(service: Service, *scopes: Scope) -> Call:
    return Call(service, Principal(Tenant("acme"), "anna", frozenset(scopes)))


async def test_the_name_and_the_description_are_the_functions(service: Service) -> None:
    listed = GREET.listed()
    assert (listed.name, listed.description, listed.title) == ("greet", "Say hello.", "Greet")
    result = await GREET.called(_call(service, Scope.RUNS_READ), {"name": "Anna"})
    assert result.structured_content == {"name": "Hello, Anna"}
    assert [each.model_dump()["text"] for each in result.content] == ["Hello, Anna!"]


async def test_a_call_out_of_reach_does_nothing(service: Service) -> None:
    result = await GREET.called(_call(service, Scope.METRICS_READ), {"name": "Anna"})
    assert result.is_error
    assert result.meta is not None
    assert (result.meta[PROBLEM]["code"], result.meta[PROBLEM]["status"]) == ("forbidden", 403)


def test_a_refusal_says_what_where_and_what_helps() -> None:
    result = refused(NotFound("there is no corpus 'x'", field="corpus", remedy="GET /v1/corpora lists them"))
    assert result.is_error
    assert result.content[0].model_dump()["text"] == "not-found: corpus: there is no corpus 'x' (GET /v1/corpora lists them)"
