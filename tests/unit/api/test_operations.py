from __future__ import annotations

import httpx
import pytest

from synapse.api.app import create_app
from synapse.contracts.api_key import KeyRequest
from synapse.contracts.principal import Scope
from synapse.service.service import Service
from synapse.settings import ApiSettings


@pytest.mark.parametrize("path", ["/v1/queues", "/v1/workers"])
async def test_who_may_read_metrics_may_look_at_queues_and_workers_and_nobody_else(service: Service, path: str) -> None:
    app = create_app(service, ApiSettings.model_validate({"api_token": "a-token-of-some-length"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as client:
        for scope, status in ((Scope.METRICS_READ, 200), (Scope.RUNS_READ, 403), (Scope.ADMIN, 403)):
            key = service.keys.create(KeyRequest(name=scope, scopes=frozenset({scope}))).key
            answer = await client.get(path, headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == status


async def test_every_queue_is_told(client: httpx.AsyncClient, service: Service) -> None:
    found = (await client.get("/v1/queues")).json()["queues"]
    assert [each["name"] for each in found] == sorted(service.runtime.registry.queues())
    assert (await client.get("/v1/workers")).json()["workers"] == []
