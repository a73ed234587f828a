from __future__ import annotations

import httpx

from synapse.service.service import Service
from tests.unit.dead import DIED, HINT, corpse


def keep(service: Service) -> str:
    service.runtime.database.dead_letters.record([corpse()], DIED)
    return service.dead_letters.page().letters[0].id


async def test_letters_are_listed_and_shown(client: httpx.AsyncClient, service: Service) -> None:
    letter = keep(service)
    page = (await client.get("/v1/dead-letters")).json()
    assert [(each["id"], each["run"], each["reason"]) for each in page["letters"]] == [(letter, "r1", "rejected")]
    assert page["next"] is None
    assert (await client.get(f"/v1/dead-letters/{letter}")).json()["body"] == HINT.decode()


async def test_a_letter_is_sent_again(client: httpx.AsyncClient, service: Service) -> None:
    letter = keep(service)
    assert (await client.post(f"/v1/dead-letters/{letter}/requeue")).json()["queue"] == "synapse-search"
    assert (await client.get("/v1/dead-letters")).json()["letters"] == []


async def test_a_letter_is_dropped_once(client: httpx.AsyncClient, service: Service) -> None:
    letter = keep(service)
    assert (await client.delete(f"/v1/dead-letters/{letter}")).status_code == 204
    gone = await client.delete(f"/v1/dead-letters/{letter}")
    assert (gone.status_code, gone.json()["code"]) == (404, "not-found")


async def test_a_page_that_there_is_not_names_the_field(client: httpx.AsyncClient) -> None:
    refused = await client.get("/v1/dead-letters?cursor=x")
    assert (refused.status_code, refused.json()["field"]) == (400, "cursor")
