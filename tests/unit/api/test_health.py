from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from synapse.api.app import create_app
from synapse.errors import Unavailable
from synapse.service.census import Census
from synapse.service.service import Service
from synapse.settings import ApiSettings

TOKEN = "a-token-of-some-length"


async def test_healthz_asks_nothing_of_anybody(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz", headers={"Host": "somewhere.example"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_readyz_stays_while_a_tool_is_away_and_says_which_and_what_to_do(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["ok"], answer.json()["degraded"]) == (200, True, True)
    checks = {check["name"]: check for check in answer.json()["checks"]}
    assert checks["database"]["ok"]
    assert checks["broker"]["ok"]
    assert not checks["mcp primary"]["ok"]
    assert "synapse mcp primary" in checks["mcp primary"]["remedy"]


async def test_readyz_is_503_without_the_database(client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(service.runtime.database, "check_version", away)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["ok"]) == (503, False)
    assert answer.json()["checks"][0]["detail"] == "the database does not answer"


async def test_readyz_tells_strangers_only_whether(service: Service) -> None:
    app = create_app(service, ApiSettings(api_token=TOKEN))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as client:
        answer = await client.get("/readyz")
        assert answer.json() == {"ok": True, "degraded": True, "checks": []}
        assert (await client.get("/metrics")).status_code == 401


async def test_metrics_can_be_parsed_and_have_what_is_open_by_state_and_queue(client: httpx.AsyncClient, service: Service) -> None:
    answer = await client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert {sample.labels["state"] for sample in families["synapse_steps_open"].samples} == {"ready", "waiting", "parked", "running"}
    queues = set(service.runtime.registry.queues())
    for name in ("synapse_queue_ready_steps", "synapse_queue_oldest_ready_seconds", "synapse_dead_letters_outstanding"):
        assert {sample.labels["queue"] for sample in families[name].samples} == queues


async def test_what_a_database_that_does_not_answer_would_tell_is_absent_and_not_zero(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.get("/metrics")

    def away() -> Census:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(service, "census", away)
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert "synapse_steps_open{" not in answer.text
    assert "synapse_queue_ready_steps{" not in answer.text
    assert "synapse_hints_suppressed_total" in answer.text
