from __future__ import annotations

import httpx


async def test_agents_come_with_the_schemas_of_input_and_output(client: httpx.AsyncClient) -> None:
    agents = {agent["name"]: agent for agent in (await client.get("/v1/agents")).json()}
    assert {"orchestrator", "search", "extraction", "fact_check", "synthesis", "file_save", "logger", "echo"} <= agents.keys()
    assert agents["echo"]["input_schema"]["properties"]["text"] == {"title": "Text", "type": "string"}
    assert (await client.get("/v1/agents/echo")).json() == agents["echo"]


async def test_an_unknown_agent_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/agents/nobody")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"


async def test_workflows_come_with_their_definition(client: httpx.AsyncClient) -> None:
    names = {workflow["name"] for workflow in (await client.get("/v1/workflows")).json()}
    assert names == {"echo", "research"}
    research = (await client.get("/v1/workflows/research")).json()
    assert research["input"]["required"] == ["question"]
    assert research["definition"]["do"]["chain"][0]["agent"] == "orchestrator"


async def test_an_unknown_workflow_names_the_known_ones(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/workflows/nothing")
    assert answer.status_code == 404
    assert "research" in answer.json()["remedy"]
