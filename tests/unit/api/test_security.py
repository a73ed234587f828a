from __future__ import annotations

import httpx
import pytest

from synapse.api.app import create_app
from synapse.service.service import Service
from synapse.settings import ApiSettings

TOKEN = "a-token-of-some-length"


def _client(service: Service, **settings: object) -> httpx.AsyncClient:
    app = create_app(service, ApiSettings(**settings))  # type: ignore[arg-type] # settings of several types
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"}])
async def test_without_the_token_nothing_but_health_is_answered(service: Service, headers: dict[str, str]) -> None:
    async with _client(service, api_token=TOKEN) as client:
        for path in ("/v1/runs", "/v1/runs/x", "/v1/agents", "/v1/workflows", "/metrics"):
            answer = await client.get(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert (await client.get("/healthz", headers=headers)).status_code == 200


async def test_two_tokens_are_refused_rather_than_one_chosen(service: Service) -> None:
    async with _client(service, api_token=TOKEN) as client:
        answer = await client.get("/v1/runs", headers=[("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer x")])
        assert answer.status_code == 401


async def test_with_the_token_every_host_name_is_answered(service: Service) -> None:
    async with _client(service, api_token=TOKEN) as client:
        assert (await client.get("/v1/runs", headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 200


async def test_a_token_in_the_address_is_none(service: Service) -> None:
    async with _client(service, api_token=TOKEN) as client:
        assert (await client.get("/v1/runs", params={"token": TOKEN, "access_token": TOKEN})).status_code == 401


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1:8800", 200), ("localhost", 200), ("[::1]:80", 200), ("rebound.example", 421), ("", 421)]
)
async def test_without_a_token_only_names_of_this_machine_are_answered(service: Service, host: str, status: int) -> None:
    async with _client(service) as client:
        assert (await client.get("/v1/runs", headers={"Host": host})).status_code == status
