from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.unit.workbench import Workbench

ECHO = {"workflow": "echo", "input": {"text": "tick"}}
NIGHTLY = {"name": "nightly", "cron": "30 2 * * *", "time_zone": "Europe/Berlin", "run": ECHO}


async def test_a_schedule_is_made_changed_paused_resumed_triggered_and_deleted(client: httpx.AsyncClient, bench: Workbench) -> None:
    made = await client.post("/v1/schedules", json=NIGHTLY)
    assert made.status_code == 201
    path = made.headers["location"]
    assert path == f"/v1/schedules/{made.json()['id']}"
    assert (await client.get(path)).json() == made.json()
    assert (await client.get("/v1/schedules")).json() == {"schedules": [made.json()]}

    changed = await client.put(path, json={**NIGHTLY, "cron": "0 6 * * *", "overlap": "allow"})
    assert (changed.status_code, changed.json()["cron"], changed.json()["overlap"]) == (200, "0 6 * * *", "allow")
    assert (await client.post(f"{path}/pause")).json()["next_due"] is None
    assert (await client.post(f"{path}/resume")).json()["next_due"] == changed.json()["next_due"]

    firing = await client.post(f"{path}/trigger")
    assert (firing.status_code, firing.json()["outcome"], firing.json()["manual"]) == (202, "fired", True)
    bench.work()
    run = (await client.get(f"/v1/runs/{firing.json()['run']}")).json()
    assert (run["state"], run["output"]) == ("succeeded", {"text": "tick"})
    history = (await client.get(f"{path}/history")).json()
    assert ([row["run"] for row in history["firings"]], history["next"]) == ([run["id"]], None)

    assert (await client.delete(path)).status_code == 204
    for method in ("GET", "DELETE"):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_due_times_are_shown_in_utc_and_by_the_clocks_of_the_zone(client: httpx.AsyncClient) -> None:
    timing = {"cron": "30 2 * * *", "time_zone": "Europe/Berlin", "start_at": "2126-11-26T00:00:00Z"}
    answer = (await client.post("/v1/schedules/preview", params={"count": 3}, json=timing)).json()
    assert answer["times"][:2] == ["2126-11-26T01:30:00Z", "2126-11-27T01:30:00Z"]
    assert answer["local"][0] == "2126-11-26T02:30:00+01:00"
    made = (await client.post("/v1/schedules", json=NIGHTLY)).json()
    shown = (await client.get(f"/v1/schedules/{made['id']}/next", params={"count": 2})).json()
    assert (len(shown["times"]), shown["times"][0]) == (2, made["next_due"])


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"cron": "30 2 * *"}, 400, "cron"),
        ({"time_zone": "Berlin"}, 400, "time_zone"),
        ({"every_seconds": 60}, 400, "cron"),
        ({"name": ""}, 400, "name"),
        ({"start_at": "tomorrow"}, 400, "start_at"),
        ({"run": {"workflow": "none"}}, 404, "run.workflow"),
        ({"run": {**ECHO, "input": {"text": 1}}}, 400, "run.input.text"),
        ({"run": {**ECHO, "priority": 0}}, 400, "run.priority"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, wrong: dict[str, Any], status: int, field: str) -> None:
    answer = await client.post("/v1/schedules", json={**NIGHTLY, **wrong})
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert (await client.get("/v1/schedules")).json() == {"schedules": []}


async def test_a_name_that_is_taken_is_a_conflict(client: httpx.AsyncClient) -> None:
    await client.post("/v1/schedules", json=NIGHTLY)
    answer = await client.post("/v1/schedules", json=NIGHTLY)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (409, "conflict", "name")


async def test_a_page_that_no_page_leads_to_is_refused(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/schedules", json=NIGHTLY)).json()
    answer = await client.get(f"/v1/schedules/{made['id']}/history", params={"cursor": "x"})
    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")
