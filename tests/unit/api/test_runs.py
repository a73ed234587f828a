from __future__ import annotations

import asyncio

import httpx
import pytest

from synapse.contracts.run import RunRequest
from synapse.settings import TenantSettings
from tests.unit.workbench import QUESTION, Workbench

ECHO = {"workflow": "echo", "input": {"text": "hello"}}
FAILS = RunRequest(workflow="echo", input={"text": "x", "fail": True})


async def test_a_run_is_accepted_worked_off_and_shown_with_every_step(client: httpx.AsyncClient, bench: Workbench) -> None:
    accepted = await client.post("/v1/runs", json={"question": QUESTION})
    assert accepted.status_code == 202
    assert "idempotency-replayed" not in accepted.headers
    await asyncio.to_thread(bench.work)
    run = (await client.get(accepted.headers["location"])).json()
    assert run["state"] == "succeeded"
    assert {step["path"] for step in run["steps"]} >= {
        "plan",
        "search[0]",
        "rank",
        "read[0]",
        "read[1]",
        "check",
        "write",
        "save",
        "finish",
    }
    assert {step["state"] for step in run["steps"]} == {"succeeded"}


async def test_the_same_key_gives_the_same_run_and_says_so(client: httpx.AsyncClient) -> None:
    first, second = [await client.post("/v1/runs", json=ECHO, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert (first.status_code, first.headers["idempotency-replayed"]) == (202, "false")
    assert (second.status_code, second.headers["idempotency-replayed"]) == (200, "true")
    assert first.json()["id"] == second.json()["id"]
    assert first.headers["location"] == second.headers["location"]


async def test_the_same_key_for_something_else_is_a_conflict(client: httpx.AsyncClient) -> None:
    await client.post("/v1/runs", json=ECHO, headers={"Idempotency-Key": "k"})
    answer = await client.post("/v1/runs", json={"question": QUESTION}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["field"]) == (409, "Idempotency-Key")


async def test_a_key_with_blanks_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/runs", json=ECHO, headers={"Idempotency-Key": "a b"})
    assert (answer.status_code, answer.json()["field"]) == (400, "idempotency-key")


async def test_a_trace_goes_on_in_the_run_and_an_unreadable_one_is_ignored(client: httpx.AsyncClient, bench: Workbench) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await client.post("/v1/runs", json=ECHO, headers={"traceparent": parent})
    assert bench.pending.queue[-1].traceparent == parent
    assert (await client.post("/v1/runs", json=ECHO, headers={"traceparent": "00-zzz"})).status_code == 202
    assert bench.pending.queue[-1].traceparent is None


async def test_runs_are_listed_newest_first_page_by_page(client: httpx.AsyncClient) -> None:
    made = [(await client.post("/v1/runs", json=ECHO)).json()["id"] for _ in range(3)]
    first = (await client.get("/v1/runs", params={"limit": 2})).json()
    second = (await client.get("/v1/runs", params={"limit": 2, "cursor": first["next"]})).json()
    assert [run["id"] for run in first["runs"] + second["runs"]] == made[::-1]
    assert second["next"] is None


async def test_runs_are_filtered_by_state_and_workflow(client: httpx.AsyncClient, bench: Workbench) -> None:
    await asyncio.to_thread(bench.finished, FAILS)
    await client.post("/v1/runs", json={"question": QUESTION})
    assert [run["workflow"] for run in (await client.get("/v1/runs?state=failed")).json()["runs"]] == ["echo"]
    assert [run["state"] for run in (await client.get("/v1/runs?workflow=research")).json()["runs"]] == ["running"]


async def test_a_cursor_of_somebody_else_is_refused(client: httpx.AsyncClient) -> None:
    for cursor in ("x", "bnVsbA", "WzEsMl0", "e30"):
        answer = await client.get("/v1/runs", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


async def test_a_cancelled_run_stays_cancelled_and_can_be_resumed(client: httpx.AsyncClient, bench: Workbench) -> None:
    run = (await client.post("/v1/runs", json=ECHO)).json()["id"]
    stopped = (await client.post(f"/v1/runs/{run}/cancel", json={"reason": "enough"})).json()
    assert (stopped["state"], stopped["error"]["message"]) == ("cancelled", "enough")
    assert (await client.post(f"/v1/runs/{run}/cancel")).json()["error"]["message"] == "enough"
    resumed = await client.post(f"/v1/runs/{run}/resume")
    assert (resumed.status_code, resumed.json()["state"]) == (202, "running")
    await asyncio.to_thread(bench.work)
    assert (await client.get(f"/v1/runs/{run}")).json()["output"] == {"text": "hello"}


async def test_a_run_that_goes_on_cannot_be_resumed(client: httpx.AsyncClient) -> None:
    run = (await client.post("/v1/runs", json=ECHO)).json()["id"]
    assert (await client.post(f"/v1/runs/{run}/resume")).status_code == 409
    assert (await client.post("/v1/runs/nobody/resume")).status_code == 404
    assert (await client.post("/v1/runs/nobody/cancel")).status_code == 404


async def test_a_tenant_at_its_limit_is_answered_with_429_and_when_to_come_back(bench: Workbench, client: httpx.AsyncClient) -> None:
    bench.runtime.tenants = TenantSettings(tenant_max_runs=1)
    body = {"workflow": "echo", "input": {"text": "x"}, "priority": 9}
    assert (await client.post("/v1/runs", json=body)).status_code == 202
    answer = await client.post("/v1/runs", json=body)
    assert (answer.status_code, answer.headers["retry-after"], answer.headers["content-type"]) == (429, "5", "application/problem+json")
    problem = answer.json()
    assert (problem["type"], problem["field"]) == ("/problems/too-many-runs", "SYNAPSE_TENANT_MAX_RUNS")


@pytest.mark.parametrize("priority", [0, 10, 1.5])
async def test_a_priority_is_one_to_nine(client: httpx.AsyncClient, priority: float) -> None:
    answer = await client.post("/v1/runs", json={"workflow": "echo", "input": {"text": "x"}, "priority": priority})
    assert (answer.status_code, answer.json()["field"]) == (400, "priority")


async def test_labels_are_given_found_by_and_changed(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/runs", json={**ECHO, "labels": {"team": "sales", "ticket": "1"}})).json()
    await client.post("/v1/runs", json=ECHO)
    assert made["labels"] == {"team": "sales", "ticket": "1"}
    listed = (await client.get("/v1/runs", params={"label": ["team:sales", "ticket"]})).json()["runs"]
    assert [(run["id"], run["labels"]) for run in listed] == [(made["id"], made["labels"])]
    patch = {"Content-Type": "application/merge-patch+json"}
    changed = await client.patch(f"/v1/runs/{made['id']}/labels", content=b'{"ticket": null, "team": "support"}', headers=patch)
    assert changed.json()["labels"] == {"team": "support"}
    assert (await client.get("/v1/runs", params={"label": "team:sales"})).json()["runs"] == []


@pytest.mark.parametrize("labels", [{"Team": "x"}, {"a": "x\ny"}, {"a": None}, {f"k{n}": "" for n in range(33)}, ["a"]])
async def test_labels_that_are_none_are_refused(client: httpx.AsyncClient, labels: object) -> None:
    answer = await client.post("/v1/runs", json={**ECHO, "labels": labels})
    assert (answer.status_code, answer.json()["field"].partition(".")[0]) == (400, "labels")


async def test_runs_are_searched_by_the_words_of_their_question_and_by_when_they_were_made(client: httpx.AsyncClient) -> None:
    run = (await client.post("/v1/runs", json={"question": QUESTION})).json()
    for search, found in (("acknowledgement celery", [run["id"]]), ("ACKNOW*", [run["id"]]), ("acknow", []), ("?!", [])):
        assert [each["id"] for each in (await client.get("/v1/runs", params={"search": search})).json()["runs"]] == found, search
    for name, found in (("created_after", [run["id"]]), ("created_before", [])):
        assert [each["id"] for each in (await client.get("/v1/runs", params={name: run["created_at"]})).json()["runs"]] == found
    answer = await client.get("/v1/runs", params={"created_after": "2026-01-01T00:00:00"})
    assert (answer.status_code, answer.json()["field"]) == (400, "created_after")
    assert (await client.get("/v1/runs", params={"colour": "red"})).json()["field"] == "colour"


async def test_several_states_are_any_of_them(client: httpx.AsyncClient, bench: Workbench) -> None:
    await asyncio.to_thread(bench.finished, FAILS)
    await client.post("/v1/runs", json=ECHO)
    listed = (await client.get("/v1/runs", params={"state": ["failed", "running"]})).json()["runs"]
    assert [run["state"] for run in listed] == ["running", "failed"]


async def test_many_are_cancelled_and_resumed_at_once(client: httpx.AsyncClient) -> None:
    runs = [(await client.post("/v1/runs", json={**ECHO, "labels": {"batch": "7"}})).json()["id"] for _ in range(3)]
    stopped = (await client.post("/v1/runs/cancel", json={"filter": {"label": ["batch:7"]}, "limit": 2})).json()
    assert [(item["id"], item["outcome"]) for item in stopped["items"]] == [(runs[2], "done"), (runs[1], "done")]
    assert stopped["next"]
    resumed = (await client.post("/v1/runs/resume", json={"ids": [*runs, "nobody"]})).json()
    assert [item["outcome"] for item in resumed["items"]] == ["refused", "done", "done", "refused"]
    answer = await client.post("/v1/runs/cancel", json={})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
