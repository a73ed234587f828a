from __future__ import annotations

import httpx
import pytest


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


OWN = {"name": "own", "do": {"step": "say", "agent": "echo", "with": {"text": "'x'"}}}


async def test_a_workflow_is_made_in_versions_and_runs_name_one(client: httpx.AsyncClient) -> None:
    made = await client.post("/v1/workflows", json=OWN)
    assert (made.status_code, made.headers["location"]) == (201, "/v1/workflows/own/versions/1")
    assert (await client.post("/v1/workflows", json=OWN)).status_code == 200
    text = "name: own\ndescription: second\ndo: {step: say, agent: echo, with: {text: \"'y'\"}}\n"
    second = await client.post("/v1/workflows", content=text, headers={"Content-Type": "application/yaml; charset=utf-8"})
    assert (second.status_code, second.json()["version"], second.json()["source"]) == (201, 2, "tenant")
    assert [each["version"] for each in (await client.get("/v1/workflows/own/versions")).json()["versions"]] == [2, 1]
    assert (await client.get("/v1/workflows/own/versions/1")).json()["description"] == ""
    assert (await client.get("/v1/workflows/own")).json() == second.json()
    difference = (await client.get("/v1/workflows/own/diff", params={"before": 1, "after": 2})).json()
    assert [change["path"] for change in difference["changes"]] == ["version", "description", "do.with.text"]
    run = (await client.post("/v1/runs", json={"workflow": "own@1"})).json()
    assert (run["workflow"], run["workflow_version"]) == ("own", 1)


async def test_a_faulty_definition_is_422_with_the_path_of_the_fault_and_validating_it_is_200(client: httpx.AsyncClient) -> None:
    broken = {**OWN, "do": {"step": "say", "agent": "nobody"}}
    answer = await client.post("/v1/workflows", json=broken)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "invalid-workflow", "do.agent")
    checked = await client.post("/v1/workflows/validate", json=broken)
    assert (checked.status_code, checked.json()["valid"], checked.json()["faults"][0]["path"]) == (200, False, "do.agent")
    assert (await client.get("/v1/workflows/own")).status_code == 404


@pytest.mark.parametrize("name", ["research", "echo"])
async def test_the_operators_are_read_only(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post("/v1/workflows", json={**OWN, "name": name})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (409, "conflict", "name")


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{}", "text/plain", 415, "unsupported-media-type"),
        (b"{", "application/json", 400, "malformed-json"),
        (b'"name: own"', "application/json", 400, "invalid-input"),
        (b"[]", "application/json", 400, "invalid-input"),
        (b"\xff", "application/yaml", 400, "invalid-input"),
        (b"[" * 100_000, "application/json", 400, "invalid-input"),
        (b"do: [", "application/yaml", 422, "invalid-workflow"),
        (b"x" * 2_000_000, "application/yaml", 413, "body-too-large"),
    ],
)
async def test_what_is_no_definition_says_what_is_wrong_with_it(
    client: httpx.AsyncClient, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = await client.post("/v1/workflows", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
