from __future__ import annotations

import httpx
import pytest

from synapse.api.app import create_app
from synapse.api.quota import Exhausted, Quota, Standing, fields
from synapse.contracts.principal import Scope, Tenant
from synapse.settings import ApiSettings
from tests.unit.workbench import Workbench

ECHO = {"workflow": "echo", "input": {"text": "x"}}


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_quota_is_had_at_once_and_grows_again_evenly() -> None:
    clock = Clock()
    quota = Quota("requests", 60, clock)
    assert [quota.take("a").left for _ in range(60)] == list(range(59, -1, -1))
    with pytest.raises(Exhausted) as caught:
        quota.take("a")
    assert (caught.value.retry_after, caught.value.standing) == (1, Standing("requests", 60, 0, 60))
    clock.now += 2.5
    assert quota.take("a") == Standing("requests", 60, 1, 59)
    clock.now += 3600
    assert quota.take("a").left == 59


def test_who_is_refused_loses_nothing_by_it_and_takes_nothing_from_others() -> None:
    clock = Clock()
    quota = Quota("submissions", 1, clock)
    quota.take("a")
    for _ in range(5):
        with pytest.raises(Exhausted):
            quota.take("a")
    assert quota.take("b").left == 0
    clock.now += 60
    quota.take("a")


def test_callers_are_forgotten_rather_than_kept_without_end() -> None:
    quota = Quota("requests", 1, Clock())
    for number in range(10_001):
        quota.take(str(number))
    quota.take("0")
    with pytest.raises(Exhausted):
        quota.take("10000")


def test_fields_are_structured_lists_with_an_item_for_each_policy() -> None:
    assert fields([Standing("requests", 60, 3, 57), Standing("submissions", 5, 0, 60)]) == {
        "RateLimit-Policy": '"requests";q=60;w=60, "submissions";q=5;w=60',
        "RateLimit": '"requests";r=3;t=57, "submissions";r=0;t=60',
    }


async def test_each_key_is_told_what_it_has_left_and_when_to_come_back(bench: Workbench) -> None:
    settings = {"api_token": "a-token-of-some-length", "api_requests_per_minute": 4, "api_submissions_per_minute": 1}
    app = create_app(bench.service, ApiSettings.model_validate(settings))
    keys = bench.runtime.database.api_keys
    one, two = (keys.create(Tenant("acme"), "k", [Scope.RUNS_READ, Scope.RUNS_WRITE], seconds=60, by="x").key for _ in range(2))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as client:

        async def ask(method: str, path: str, key: str) -> httpx.Response:
            return await client.request(method, path, headers={"Authorization": f"Bearer {key}"}, json=ECHO if method == "POST" else None)

        made = await ask("POST", "/v1/runs", one)
        assert made.headers["ratelimit-policy"] == '"requests";q=4;w=60, "submissions";q=1;w=60'
        assert made.headers["ratelimit"].startswith('"requests";r=3;')
        again = await ask("POST", "/v1/runs", one)
        assert (again.status_code, again.json()["code"], int(again.headers["retry-after"]) > 30) == (429, "too-many-requests", True)
        assert '"submissions";r=0;' in again.headers["ratelimit"]
        report = await ask("GET", f"/v1/runs/{made.json()['id']}/artifacts/events.jsonl", one)
        assert (report.status_code, report.headers["ratelimit-policy"]) == (200, '"requests";q=4;w=60')
        assert (await ask("GET", "/v1/runs", one)).status_code == 200
        assert (await ask("GET", "/v1/runs", one)).status_code == 429
        assert (await ask("GET", "/v1/runs", two)).status_code == 200
        assert "ratelimit" not in (await client.get("/healthz")).headers


async def test_where_no_quota_is_set_nothing_is_said_of_any(client: httpx.AsyncClient) -> None:
    assert "ratelimit" not in (await client.get("/v1/runs")).headers
