from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.unit.workbench import Workbench

URL = "https://hooks.example.com/x"


async def test_a_webhook_is_made_changed_rotated_tried_and_deleted(client: httpx.AsyncClient) -> None:
    made = await client.post("/v1/webhooks", json={"url": URL, "events": ["run.failed"]})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    body = made.json()
    path = made.headers["location"]
    assert (path, body["secret"][:6]) == (f"/v1/webhooks/{body['id']}", "whsec_")
    shown = (await client.get(path)).json()
    assert shown == {name: value for name, value in body.items() if name != "secret"}
    assert (await client.get("/v1/webhooks")).json() == {"webhooks": [shown]}

    changed = (await client.put(path, json={"url": URL + "/y"})).json()
    assert (changed["url"], len(changed["events"])) == (URL + "/y", 3)
    rotated = await client.post(f"{path}/rotate", json={"overlap_seconds": 60})
    assert (rotated.status_code, rotated.headers["cache-control"]) == (201, "no-store")
    assert rotated.json()["secret"] not in (body["secret"], str(shown))
    assert rotated.json()["old_secret_until"] is not None

    sent = await client.post(f"{path}/test")
    assert (sent.status_code, sent.json()["state"]) == (202, "waiting")
    delivery = f"{path}/deliveries/{sent.json()['id']}"
    assert (await client.get(delivery)).json()["body"]["type"] == "webhook.test"
    assert (await client.post(f"{delivery}/redeliver")).status_code == 202
    page = (await client.get(f"{path}/deliveries", params={"state": "waiting"})).json()
    assert ([each["id"] for each in page["deliveries"]], page["next"]) == ([sent.json()["id"]], None)

    assert (await client.post(f"{path}/disable")).json()["enabled"] is False
    assert (await client.post(f"{path}/test")).status_code == 409
    assert (await client.post(f"{path}/enable")).json()["enabled"] is True
    assert (await client.delete(path)).status_code == 204
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "ftp://x.example.com/"}, "url"),
        ({"url": "x" * 3000}, "url"),
        ({"events": []}, "events"),
        ({"events": ["run.started"]}, "events[0]"),
        ({"enabled": "maybe"}, "enabled"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, wrong: dict[str, Any], field: str) -> None:
    answer = await client.post("/v1/webhooks", json={"url": URL, **wrong})
    assert (answer.status_code, answer.json()["field"].removesuffix("[0]")) == (400, field.removesuffix("[0]"))
    assert (await client.get("/v1/webhooks")).json() == {"webhooks": []}


async def test_a_delivery_or_a_page_that_is_not_there_is_said_to_be_none(client: httpx.AsyncClient) -> None:
    path = (await client.post("/v1/webhooks", json={"url": URL})).headers["location"]
    for method, ending in (("GET", "/deliveries/x"), ("POST", "/deliveries/x/redeliver")):
        answer = await client.request(method, path + ending)
        assert (answer.status_code, answer.json()["detail"]) == (404, "there is no delivery 'x'")
    # What can be no id comes to no database: PostgreSQL has no text with a NUL.
    for odd in ("/v1/webhooks/%00", f"{path}/deliveries/%00", "/v1/schedules/%00", "/v1/schedules/" + "x" * 65):
        assert (await client.get(odd)).status_code == 404
    answer = await client.get(f"{path}/deliveries", params={"cursor": "x"})
    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


async def test_the_secret_is_nowhere_but_in_the_first_answer(client: httpx.AsyncClient, bench: Workbench) -> None:
    made = (await client.post("/v1/webhooks", json={"url": URL})).json()
    sent = (await client.post(f"/v1/webhooks/{made['id']}/test")).json()
    seen = [
        (await client.get(path)).text
        for path in ("/v1/webhooks", f"/v1/webhooks/{made['id']}", f"/v1/webhooks/{made['id']}/deliveries/{sent['id']}")
    ]
    assert not any(made["secret"] in text for text in seen)
