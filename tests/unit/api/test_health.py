from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from synapse.api.app import create_app
from synapse.service.service import Service
from synapse.settings import ApiSettings

TOKEN = "a-token-of-some-length"


async def test_healthz_asks_nothing_of_anybody(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz", headers={"Host": "somewhere.example"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_readyz_says_503_and_which_dependency_and_what_to_do(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    checks = {check["name"]: check for check in answer.json()["checks"]}
    assert checks["database"]["ok"]
    assert checks["broker"]["ok"]
    assert not checks["mcp primary"]["ok"]
    assert "synapse mcp primary" in checks["mcp primary"]["remedy"]


async def test_readyz_tells_strangers_only_whether(service: Service) -> None:
    app = create_app(service, ApiSettings(api_token=TOKEN))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as client:
        answer = await client.get("/readyz")
        assert answer.json() == {"ok": False, "checks": []}
        assert (await client.get("/metrics")).status_code == 401


async def test_metrics_can_be_parsed_and_have_the_open_steps(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert {sample.labels["state"] for sample in families["synapse_steps_open"].samples} == {"ready", "waiting", "running"}
