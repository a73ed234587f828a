from __future__ import annotations

import asyncio

import httpx
import pytest

from synapse.contracts.run import RunRequest
from tests.unit.workbench import QUESTION, Workbench


@pytest.fixture
async def run(bench: Workbench) -> str:
    return (await asyncio.to_thread(bench.finished, RunRequest(question=QUESTION))).id


async def test_steps_are_listed_with_their_times_and_without_what_they_gave(client: httpx.AsyncClient, run: str) -> None:
    first = (await client.get(f"/v1/runs/{run}/steps", params={"limit": 4})).json()
    rest = (await client.get(f"/v1/runs/{run}/steps", params={"cursor": first["next"]})).json()
    found = first["steps"] + rest["steps"]
    assert len(found) == len({step["path"] for step in found}) == len((await client.get(f"/v1/runs/{run}")).json()["steps"])
    assert not {"input", "output", "attempts"} & found[0].keys()
    assert all(step["ran_seconds"] >= 0 and step["waited_seconds"] >= 0 for step in found)
    read = (await client.get(f"/v1/runs/{run}/steps", params={"agent": "extraction", "state": "succeeded"})).json()["steps"]
    assert [step["path"] for step in read] == ["read[0]", "read[1]"]


async def test_a_step_is_shown_with_its_input_its_output_and_its_attempts(client: httpx.AsyncClient, run: str) -> None:
    step = (await client.get(f"/v1/runs/{run}/steps/read[0]")).json()
    assert step["input"]["source"]["url"].startswith("https://")
    assert step["output"]["length"] > 0
    assert [(each["number"], each["outcome"]) for each in step["attempts"]] == [(1, "succeeded")]


async def test_a_step_that_there_is_not_is_404_and_a_cursor_of_somebody_else_400(client: httpx.AsyncClient, run: str) -> None:
    assert (await client.get(f"/v1/runs/{run}/steps/none")).status_code == 404
    assert (await client.get("/v1/runs/nobody/steps")).status_code == 404
    answer = await client.get(f"/v1/runs/{run}/steps", params={"cursor": "%%"})
    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")
