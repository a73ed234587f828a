from __future__ import annotations

import jsonschema
import pytest

from synapse.api.mcp_face import views
from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.contracts.run import RunRequest
from synapse.service.service import Service
from tests.unit.api.mcp_face.conftest import OLD, TASKS, Assistant, Open
from tests.unit.workbench import QUESTION, Workbench

START = {"name": "start_research", "arguments": {"question": QUESTION}}


@pytest.fixture
def knowing(assistant_of: Open, service: Service) -> Assistant:
    """An assistant that says that it knows tasks."""
    return assistant_of(service, capabilities=TASKS)


async def test_a_run_is_a_task_from_its_start_to_its_report(bench: Workbench, knowing: Assistant) -> None:
    task = await knowing.ask("tools/call", START)
    assert (task["resultType"], task["status"], task["ttlMs"]) == ("task", "working", None)
    working = await knowing.ask("tasks/get", {"taskId": task["taskId"]})
    assert (working["resultType"], working["status"]) == ("complete", "working")
    assert "result" not in working
    bench.work()
    ended = await knowing.ask("tasks/get", {"taskId": task["taskId"]})
    assert (ended["resultType"], ended["status"], ended["createdAt"]) == ("complete", "completed", task["createdAt"])
    assert ended["lastUpdatedAt"] >= task["lastUpdatedAt"]
    result = ended["result"]
    assert result["isError"] is False
    jsonschema.validate(result["structuredContent"], views.Started.model_json_schema(mode="serialization"))
    report = await bench.service.reports.markdown(bench.service.runs.get(task["taskId"]))
    assert [each.get("text") for each in result["content"]][1] == report
    assert result["content"][2]["uri"] == f"report://{task['taskId']}"


async def test_the_task_is_there_for_a_server_that_was_started_later(bench: Workbench, knowing: Assistant, assistant_of: Open) -> None:
    task = await knowing.ask("tools/call", START)
    later = assistant_of(bench.service, capabilities=TASKS)
    assert (await later.ask("tasks/get", {"taskId": task["taskId"]}))["status"] == "working"


async def test_cancelling_a_task_cancels_its_run_and_may_be_repeated(bench: Workbench, knowing: Assistant) -> None:
    task = (await knowing.ask("tools/call", START))["taskId"]
    for _ in range(2):
        answer = await knowing.ask("tasks/cancel", {"taskId": task})
        assert answer["resultType"] == "complete"
        assert answer.keys() <= {"resultType", "_meta"}
    assert bench.service.runs.state(task) == "cancelled"
    assert (await knowing.ask("tasks/get", {"taskId": task}))["status"] == "cancelled"


async def test_a_run_that_failed_is_a_task_that_completed_with_an_error_of_the_tool(bench: Workbench, knowing: Assistant) -> None:
    run = bench.finished(RunRequest(workflow="echo", input={"text": "x", "fail": True}))
    task = await knowing.ask("tasks/get", {"taskId": run.id})
    assert (task["status"], task["result"]["isError"]) == ("completed", True)
    assert "told to fail" in task["result"]["content"][0]["text"]


async def test_answers_to_what_no_run_asks_are_taken_and_ignored(bench: Workbench, knowing: Assistant) -> None:
    run = bench.service.runs.submit(RunRequest(workflow="echo", input={"text": "x"})).run.id
    assert (await knowing.ask("tasks/update", {"taskId": run, "inputResponses": {"a": {}}}))["resultType"] == "complete"
    assert bench.service.runs.state(run) == "running"


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
async def test_what_is_no_task_of_the_callers_is_none_and_who_knows_no_tasks_has_none(
    bench: Workbench, knowing: Assistant, assistant: Assistant, method: str
) -> None:
    anna = bench.service.acting_for(Principal(Tenant("acme"), "anna", frozenset({Scope.ADMIN})))
    theirs = anna.runs.submit(RunRequest(workflow="echo", input={"text": "x"})).run.id
    for task in (theirs, "never-was", "a b"):
        error = await knowing.error(method, {"taskId": task, "inputResponses": {}})
        assert (error["code"], error["message"]) == (-32602, f"there is no task {task!r}")
    assert anna.runs.state(theirs) == "running"
    error = await assistant.error(method, {"taskId": theirs, "inputResponses": {}})
    assert (error["code"], error["data"]["requiredCapabilities"]) == (-32021, TASKS)


async def test_a_header_that_names_another_task_is_refused(bench: Workbench, knowing: Assistant) -> None:
    run = bench.service.runs.submit(RunRequest(workflow="echo", input={"text": "x"})).run.id
    answers = [await knowing.send("tasks/get", {"taskId": run}, **{"Mcp-Name": name}) for name in (run, "another")]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["error"]["code"] == -32020


async def test_a_key_for_reading_cancels_no_task(bench: Workbench, assistant_of: Open) -> None:
    acme = Tenant("acme")
    key = bench.runtime.database.api_keys.create(acme, "k", [Scope.RUNS_READ], seconds=60, by="x").key
    anna = bench.service.acting_for(Principal(acme, "anna", frozenset({Scope.ADMIN})))
    run = anna.runs.submit(RunRequest(workflow="echo", input={"text": "x"})).run.id
    reader = assistant_of(bench.service, capabilities=TASKS, headers={"Authorization": f"Bearer {key}"})
    answer = await reader.send("tasks/cancel", {"taskId": run})
    assert (answer.status_code, anna.runs.state(run)) == (403, "running")
    assert (await reader.ask("tasks/get", {"taskId": run}))["status"] == "working"


async def test_it_is_offered_in_the_newer_revision_and_a_refused_start_makes_no_task(service: Service, assistant_of: Open) -> None:
    knowing = assistant_of(service, capabilities=TASKS)
    assert (await knowing.ask("server/discover"))["capabilities"]["extensions"] == TASKS["extensions"]
    assert (await knowing.refusal("start_research", question="x"))["field"] == "input.question"
    started = await assistant_of(service, revision=OLD, capabilities=TASKS).call("start_research", question=QUESTION)
    assert started["state"] == "running"
