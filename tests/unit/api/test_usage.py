from __future__ import annotations

import asyncio

import httpx

from synapse.contracts.run import RunRequest
from tests.unit.workbench import Workbench


async def test_what_was_used_is_told_day_by_day(client: httpx.AsyncClient, bench: Workbench) -> None:
    await asyncio.to_thread(bench.finished, RunRequest(workflow="echo", input={"text": "x"}))
    found = (await client.get("/v1/usage")).json()
    assert (found["tenant"], found["total"]["runs"], found["total"]["steps"]) == ("default", 1, 1)
    assert [day["day"] for day in found["days"]] == [found["until"]]
    answer = await client.get("/v1/usage", params={"since": "2026-01-02", "until": "2026-01-01"})
    assert (answer.status_code, answer.json()["field"]) == (400, "since")
