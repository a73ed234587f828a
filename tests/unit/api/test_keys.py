from __future__ import annotations

import httpx
import pytest

from synapse.api.app import create_app
from synapse.service.service import Service
from synapse.settings import ApiSettings

OPERATOR = {"Authorization": "Bearer a-token-of-some-length"}


@pytest.fixture
def client(service: Service) -> httpx.AsyncClient:
    app = create_app(service, ApiSettings.model_validate({"api_token": "a-token-of-some-length"}))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example")


async def test_a_key_is_made_shown_once_used_rotated_and_revoked(client: httpx.AsyncClient) -> None:
    made = await client.post("/v1/keys", headers=OPERATOR, json={"name": "a", "scopes": ["admin"], "tenant": "acme"})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    body = made.json()
    assert (body["tenant"], body["scopes"], made.headers["location"]) == ("acme", ["admin"], f"/v1/keys/{body['id']}")
    admin = {"Authorization": f"Bearer {body['key']}"}
    listed = (await client.get("/v1/keys", headers=admin)).json()["keys"]
    assert [key["id"] for key in listed] == [body["id"]]
    assert "key" not in listed[0]
    shown = (await client.get(f"/v1/keys/{body['id']}", headers=admin)).json()
    assert shown["last_used_at"] is not None
    assert body["key"] not in str(shown)

    rotated = await client.post(f"/v1/keys/{body['id']}/rotate", headers=admin, json={"overlap_seconds": 60})
    assert (rotated.status_code, rotated.json()["replaces"]) == (201, body["id"])
    successor = {"Authorization": f"Bearer {rotated.json()['key']}"}
    assert (await client.get("/v1/keys", headers=admin)).status_code == 200
    revoked = await client.delete(f"/v1/keys/{body['id']}", headers=successor)
    assert revoked.json()["revoked_at"] is not None
    assert (await client.get("/v1/keys", headers=admin)).status_code == 401
    assert (await client.get("/v1/keys", headers=successor)).status_code == 200
    assert (await client.post(f"/v1/keys/{body['id']}/rotate", headers=successor)).status_code == 409


async def test_an_administrator_reaches_no_further_than_its_tenant(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/keys", headers=OPERATOR, json={"name": "a", "scopes": ["admin"], "tenant": "acme"})).json()
    admin = {"Authorization": f"Bearer {made['key']}"}
    for body in ({"name": "x", "scopes": ["operator"]}, {"name": "x", "tenant": "other"}):
        answer = await client.post("/v1/keys", headers=admin, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await client.get("/v1/keys", headers=admin, params={"tenant": "other"})).status_code == 403
    assert (await client.get("/v1/dead-letters", headers=admin)).status_code == 403


async def test_a_request_that_makes_no_sense_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/keys", headers=OPERATOR, json={"name": "", "scopes": ["root"]})
    assert answer.status_code == 400
    assert {fault["field"].partition("[")[0] for fault in answer.json()["errors"]} == {"name", "scopes"}
