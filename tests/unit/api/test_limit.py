from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

JSON = {"Content-Type": "application/json"}
LONG = b'{"question": "' + b"a" * 1_100_000 + b'"}'


async def test_a_body_that_says_it_is_too_long_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/runs", content=LONG, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_a_body_that_turns_out_too_long_is_one_too(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(LONG), 65_536):
            yield LONG[start : start + 65_536]

    answer = await client.post("/v1/runs", content=pieces(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
