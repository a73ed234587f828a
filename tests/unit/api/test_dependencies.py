from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize("run", ["%00", "a" * 65, "..%5c..%5cx", "x%20y", "%ff", "'%20or%201=1"])
async def test_what_cannot_be_a_runs_id_is_not_found_and_never_reaches_the_database(client: httpx.AsyncClient, run: str) -> None:
    answer = await client.get(f"/v1/runs/{run}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
