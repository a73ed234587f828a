from __future__ import annotations

import jsonschema
import pytest

from synapse.api.mcp_face.messages import WRITING
from synapse.api.mcp_face.server import TOOLS
from synapse.contracts.principal import Scope, Tenant
from synapse.service.service import Service
from tests.unit.api.mcp_face.conftest import NEW, OLD, Open
from tests.unit.workbench import QUESTION, Workbench


@pytest.mark.parametrize("revision", [NEW, OLD])
async def test_every_tool_is_listed_with_schemas_and_hints(service: Service, assistant_of: Open, revision: str) -> None:
    tools = (await assistant_of(service, revision=revision).ask("tools/list"))["tools"]
    assert [tool["name"] for tool in tools] == [
        *("start_research", "get_run", "wait_for_run", "cancel_run", "list_runs"),
        *("read_report", "search_evidence"),
    ]
    for tool in tools:
        jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
        jsonschema.Draft202012Validator.check_schema(tool["outputSchema"])
        assert tool["outputSchema"]["type"] == "object"
        assert tool["description"]
        assert tool["annotations"]["readOnlyHint"] is (tool["name"] not in WRITING)
    hints = {tool["name"]: tool["annotations"] for tool in tools}
    assert (hints["cancel_run"]["destructiveHint"], hints["cancel_run"]["idempotentHint"]) == (True, True)
    assert (hints["start_research"]["destructiveHint"], hints["start_research"]["idempotentHint"]) == (False, False)


async def test_structured_results_are_as_their_schemas_say(researched: tuple[Workbench, str], assistant_of: Open) -> None:
    bench, run = researched
    assistant = assistant_of(bench.service)
    calls = {
        "start_research": {"question": QUESTION},
        **{name: {"run": run} for name in ("get_run", "wait_for_run", "cancel_run", "read_report")},
        "list_runs": {},
        "search_evidence": {"query": "celery"},
    }
    assert calls.keys() == TOOLS.keys()
    for name, arguments in calls.items():
        jsonschema.validate(await assistant.call(name, **arguments), TOOLS[name].output.model_json_schema(mode="serialization"))


def test_the_tools_that_need_more_than_reading_are_those_the_endpoint_knows_of() -> None:
    assert {name for name, tool in TOOLS.items() if tool.scope is Scope.RUNS_WRITE} == WRITING
    assert {tool.scope for tool in TOOLS.values()} == {Scope.RUNS_READ, Scope.RUNS_WRITE}


async def test_tools_out_of_reach_are_not_listed(bench: Workbench, assistant_of: Open) -> None:
    key = bench.runtime.database.api_keys.create(Tenant("acme"), "k", [Scope.RUNS_READ], seconds=60, by="x").key
    reader = assistant_of(bench.service, headers={"Authorization": f"Bearer {key}"})
    names = {tool["name"] for tool in (await reader.ask("tools/list"))["tools"]}
    assert names == TOOLS.keys() - WRITING


@pytest.mark.parametrize("revision", [NEW, OLD])
async def test_an_unknown_tool_is_an_error_of_the_protocol(service: Service, assistant_of: Open, revision: str) -> None:
    error = await assistant_of(service, revision=revision).error("tools/call", {"name": "no_such_tool", "arguments": {}})
    assert (error["code"], error["message"]) == (-32602, "there is no tool 'no_such_tool'")


async def test_it_says_who_it_is_and_what_to_do_in_both_revisions(service: Service, assistant_of: Open) -> None:
    found = await assistant_of(service).ask("server/discover")
    assert "start_research" in found["instructions"]
    params = {"protocolVersion": OLD, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    began = await assistant_of(service, revision=OLD).ask("initialize", params)
    assert (began["protocolVersion"], began["serverInfo"]["name"]) == (OLD, "synapse")
    assert began["instructions"] == found["instructions"]
