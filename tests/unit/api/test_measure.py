from __future__ import annotations

import httpx

from synapse.telemetry import metrics


def _count(method: str, route: str, status: str) -> float:
    return metrics.HTTP_REQUESTS.labels(method, route, status)._value.get()


async def test_requests_are_counted_by_route_and_never_by_path(client: httpx.AsyncClient) -> None:
    before = _count("GET", "/v1/runs/{run}", "404"), _count("GET", "none", "404")
    await client.get("/v1/runs/one")
    await client.get("/v1/runs/two")
    await client.get("/elsewhere/three")
    assert (_count("GET", "/v1/runs/{run}", "404"), _count("GET", "none", "404")) == (before[0] + 2, before[1] + 1)


async def test_a_method_that_a_caller_made_up_is_not_a_label(client: httpx.AsyncClient) -> None:
    before = _count("other", "none", "404")
    await client.request("MADEUP", "/elsewhere")
    assert _count("other", "none", "404") == before + 1
