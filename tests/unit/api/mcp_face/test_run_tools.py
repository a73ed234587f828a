from __future__ import annotations

import asyncio

import pytest

from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.contracts.run import RunRequest
from synapse.service.service import Service
from tests.unit.api.mcp_face.conftest import NEW, OLD, Assistant, Open
from tests.unit.workbench import QUESTION, Workbench

ECHO = RunRequest(workflow="echo", input={"text": "x"})


@pytest.mark.parametrize("revision", [NEW, OLD])
async def test_a_question_is_asked_waited_for_and_found_again(bench: Workbench, assistant_of: Open, revision: str) -> None:
    assistant = assistant_of(bench.service, revision=revision)
    started = await assistant.call("start_research", question=QUESTION, labels={"team": "sales"}, idempotency_key="k1")
    assert (started["state"], started["ended"], started["created"], started["report"]) == ("running", False, True, None)
    assert f"wait_for_run with run={started['run']}" in started["next"]
    await asyncio.to_thread(bench.work)
    ended = await assistant.call("wait_for_run", run=started["run"])
    assert (ended["state"], ended["ended"], ended["outcome"]) == ("succeeded", True, "report")
    assert (ended["report"], ended["next"]) == (f"report://{started['run']}", f"read_report with run={started['run']}")
    assert ended["counts"]["claims"] > 0
    assert await assistant.call("get_run", run=started["run"]) == ended
    (line,) = (await assistant.call("list_runs", label=["team:sales"]))["runs"]
    assert line == {name: ended[name] for name in line}


async def test_the_same_key_is_the_same_run_as_over_http_too_and_another_question_a_conflict(assistant: Assistant) -> None:
    first = await assistant.call("start_research", question=QUESTION, max_sources=3, idempotency_key="k1")
    again = await assistant.call("start_research", question=QUESTION, max_sources=3, idempotency_key="k1")
    assert (first["created"], again["created"], again["run"]) == (True, False, first["run"])
    body = {"question": QUESTION, "input": {"max_sources": 3}}
    posted = await assistant.client.post("/v1/runs", json=body, headers={"Idempotency-Key": "k1"})
    assert (posted.status_code, posted.json()["id"]) == (200, first["run"])
    problem = await assistant.refusal("start_research", question="Another question?", idempotency_key="k1")
    assert (problem["code"], problem["status"]) == ("conflict", 409)


async def test_a_wait_is_bounded_and_tells_of_each_step_once(bench: Workbench, assistant: Assistant) -> None:
    run = bench.service.runs.submit(RunRequest(question=QUESTION)).run.id
    still = await assistant.call("wait_for_run", run=run, timeout_seconds=0)
    assert (still["state"], still["ended"]) == ("running", False)
    # The progress of a run that ends while somebody waits.
    params = {"name": "wait_for_run", "arguments": {"run": run, "timeout_seconds": 120}, "_meta": {"progressToken": 7}}
    waiting = asyncio.create_task(assistant.messages("tools/call", params))
    working = asyncio.create_task(asyncio.to_thread(bench.work))
    *notes, last = await waiting
    await working
    assert last["result"]["structuredContent"]["ended"]
    told = [note["params"]["progress"] for note in notes]
    assert told == sorted(set(told))
    assert told[-1] == sum(last["result"]["structuredContent"]["steps"].values())
    assert {note["params"]["progressToken"] for note in notes} == {7}


async def test_a_wait_of_an_ended_run_answers_at_once_and_a_cancelled_one_stays_cancelled(service: Service, assistant: Assistant) -> None:
    run = service.runs.submit(ECHO).run.id
    cancelled = await assistant.call("cancel_run", run=run, reason="no more need")
    assert (cancelled["state"], cancelled["error"]["message"]) == ("cancelled", "no more need")
    assert (await assistant.call("cancel_run", run=run))["error"]["message"] == "no more need"
    assert (await assistant.call("wait_for_run", run=run, timeout_seconds=120))["state"] == "cancelled"


async def test_a_run_without_a_report_says_so(bench: Workbench, assistant: Assistant) -> None:
    run = bench.finished(ECHO).id
    status = await assistant.call("get_run", run=run)
    assert (status["report"], status["next"]) == (None, "nothing: the workflow makes no report")


async def test_a_refused_call_names_the_field_and_the_remedy(assistant: Assistant) -> None:
    problem = await assistant.refusal("start_research", question="x")
    assert (problem["code"], problem["field"]) == ("invalid-input", "input.question")
    problem = await assistant.refusal("start_research", question=QUESTION, max_sources=0)
    assert problem["field"] == "input.max_sources"
    problem = await assistant.refusal("start_research", query=QUESTION)
    assert [fault["field"] for fault in problem["errors"]] == ["question", "query"]
    problem = await assistant.refusal("wait_for_run", run="r", timeout_seconds=1e9)
    assert problem["field"] == "timeout_seconds"
    problem = await assistant.refusal("list_runs", cursor="no-cursor")
    assert problem["field"] == "cursor"


async def test_a_tenants_limits_are_the_same_as_over_http(bench: Workbench, assistant: Assistant) -> None:
    bench.runtime.tenants = bench.runtime.tenants.model_copy(update={"tenant_max_runs": 1})
    await assistant.call("start_research", question=QUESTION)
    problem = await assistant.refusal("start_research", question=QUESTION)
    assert (problem["code"], problem["status"], problem["field"]) == ("too-many-runs", 429, "SYNAPSE_TENANT_MAX_RUNS")
    assert problem["remedy"]


@pytest.mark.parametrize("tool", ["get_run", "wait_for_run", "cancel_run", "read_report", "search_evidence"])
async def test_another_tenants_run_is_answered_like_one_that_never_was(service: Service, assistant: Assistant, tool: str) -> None:
    theirs = service.acting_for(Principal(Tenant("acme"), "anna", frozenset({Scope.ADMIN}))).runs.submit(ECHO).run.id
    more = {"query": "celery"} if tool == "search_evidence" else {}
    problem, unknown = [await assistant.refusal(tool, run=run, **more) for run in (theirs, "never-was")]
    assert problem["code"] == "not-found"
    assert str(problem).replace(theirs, "*") == str(unknown).replace("never-was", "*")
    assert service.acting_for(Principal(Tenant("acme"), "anna", frozenset({Scope.ADMIN}))).runs.state(theirs) == "running"
    assert (await assistant.call("list_runs"))["runs"] == []
