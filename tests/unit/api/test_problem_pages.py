from __future__ import annotations

import httpx
import pytest

from synapse.api.problem_types import PROBLEMS


@pytest.mark.parametrize("code", PROBLEMS)
async def test_the_type_of_a_problem_leads_to_what_it_means(client: httpx.AsyncClient, code: str) -> None:
    kind = PROBLEMS[code]
    page = await client.get(kind.type, headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<h1>{kind.title}</h1>" in page.text
    assert (await client.get(kind.type)).json() == kind.model_dump()


async def test_what_is_no_type_is_a_problem_whose_type_leads_somewhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/problems/out-of-cheese")
    assert answer.status_code == 404
    assert (await client.get(answer.json()["type"])).status_code == 200
    assert (await client.get("/problems/not-found", headers={"Accept": "image/png"})).status_code == 406
