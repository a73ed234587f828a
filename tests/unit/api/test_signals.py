from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.unit.workbench import Workbench

YES = {"payload": {"approved": True, "comment": "Fine."}}


@pytest.fixture(autouse=True)
def asking(bench: Workbench) -> None:
    """A workflow that asks."""
    bench.offer_asking()


async def begun(client: httpx.AsyncClient, *things: str) -> str:
    return str((await client.post("/v1/runs", json={"workflow": "asking", "input": {"things": things}})).json()["id"])


async def test_a_run_says_what_it_waits_for_and_goes_on_when_it_is_told(client: httpx.AsyncClient, bench: Workbench) -> None:
    run = await begun(client)
    assert not bench.pending.queue
    (waiting,) = (await client.get(f"/v1/runs/{run}")).json()["waiting_for"]
    assert (waiting["step"], waiting["kind"], waiting["signal"], waiting["ask"]) == ("publish", "approval", "publish", "Publish?")
    assert waiting["payload"]["required"] == ["approved"]
    answer = await client.post(f"/v1/runs/{run}/signals/publish", json=YES)
    assert answer.status_code == 202
    assert (answer.json()["step"], answer.json()["by"]) == ("publish", "operator")
    # Who records the signal sends what comes next.
    assert [hint.place for hint in bench.pending.queue] == ["say"]
    await asyncio.to_thread(bench.work)
    ended = (await client.get(f"/v1/runs/{run}")).json()
    assert (ended["state"], ended["output"], ended["waiting_for"]) == ("succeeded", {"text": "true"}, [])


async def test_the_same_key_gives_the_same_signal_and_says_so(client: httpx.AsyncClient) -> None:
    run, key = await begun(client), {"Idempotency-Key": "k"}
    first, second = [await client.post(f"/v1/runs/{run}/signals/publish", json=YES, headers=key) for _ in range(2)]
    assert (first.status_code, first.headers["idempotency-replayed"]) == (202, "false")
    assert (second.status_code, second.headers["idempotency-replayed"]) == (200, "true")
    assert first.json() == second.json()
    other = await client.post(f"/v1/runs/{run}/signals/publish", json={"payload": {"approved": False}}, headers=key)
    assert (other.status_code, other.json()["field"]) == (409, "Idempotency-Key")


@pytest.mark.parametrize(
    ("name", "body", "status", "field", "remedy"),
    [
        ("nothing", YES, 404, "name", "it waits for confirm, publish"),
        ("publish[0]", YES, 404, "name", "send it to 'publish', say"),
        ("confirm", {"payload": {"sum": 1}}, 404, "name", "send it to 'confirm[0]', say"),
        ("confirm[100]", {"payload": {"sum": 1}}, 404, "name", None),
        ("..%2F..", YES, 404, None, None),
        ("publish", {"payload": {"approved": "perhaps"}}, 422, "payload.approved", None),
        ("publish", {"payload": {}}, 422, "payload", None),
        ("publish", {}, 422, "payload", None),
        ("confirm[0]", {"payload": {"sum": "much"}}, 422, "payload.sum", None),
        ("publish", {"approved": True}, 400, "approved", None),
        ("publish", {"payload": "x" * 300_000}, 400, "payload", None),
    ],
)
async def test_what_cannot_be_taken_is_named_with_what_helps(
    client: httpx.AsyncClient, name: str, body: Any, status: int, field: str | None, remedy: str | None
) -> None:
    run = await begun(client, "x")
    problem = await client.post(f"/v1/runs/{run}/signals/{name}", json=body)
    assert (problem.status_code, problem.json().get("field")) == (status, field), problem.text
    if remedy is not None:
        assert problem.json()["remedy"] == remedy
    assert (await client.get(f"/v1/runs/{run}")).json()["state"] == "running"


async def test_a_run_that_has_ended_takes_no_signal_but_a_repeated_one(client: httpx.AsyncClient, bench: Workbench) -> None:
    run, key = await begun(client), {"Idempotency-Key": "k"}
    await client.post(f"/v1/runs/{run}/signals/publish", json=YES, headers=key)
    await asyncio.to_thread(bench.work)
    assert (await client.post(f"/v1/runs/{run}/signals/publish", json=YES, headers=key)).status_code == 200
    late = await client.post(f"/v1/runs/{run}/signals/publish", json=YES)
    assert (late.status_code, late.json()["field"]) == (409, "run")
    assert (await client.post("/v1/runs/nobody/signals/publish", json=YES)).status_code == 404
    cancelled = await begun(client)
    await client.post(f"/v1/runs/{cancelled}/cancel")
    problem = await client.post(f"/v1/runs/{cancelled}/signals/publish", json=YES)
    assert (problem.status_code, problem.json()["remedy"]) == (409, "resume it, then send it again")


async def test_members_are_told_one_by_one(client: httpx.AsyncClient, bench: Workbench) -> None:
    run = await begun(client, "x", "y")
    early = await client.post(f"/v1/runs/{run}/signals/confirm[1]", json={"payload": {"sum": 2}})
    assert (early.status_code, early.json()["step"]) == (202, None)
    await client.post(f"/v1/runs/{run}/signals/publish", json=YES)
    assert [each["signal"] for each in (await client.get(f"/v1/runs/{run}")).json()["waiting_for"]] == ["confirm[0]"]
    await client.post(f"/v1/runs/{run}/signals/confirm[0]", json={"payload": {"sum": 1}})
    await asyncio.to_thread(bench.work)
    assert (await client.get(f"/v1/runs/{run}")).json()["state"] == "succeeded"


async def test_the_description_has_examples_and_says_422_is_a_problem(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()["paths"]["/v1/runs/{run}/signals/{name}"]["post"]
    assert {"approve", "reject", "data"} <= described["requestBody"]["content"]["application/json"]["examples"].keys()
    assert set(described["responses"]["422"]["content"]) == {"application/problem+json"}
