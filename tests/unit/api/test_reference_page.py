from __future__ import annotations

import re

import httpx
import pytest

from synapse.api.reference_page import POLICY, assets


async def test_the_page_and_every_file_that_it_names_are_served_from_here(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"] == POLICY
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert set(named) == {"./", "console/icon.svg", "openapi.json", *(f"docs/{name}" for name in assets() if name != "index.html")}
    for name in named:
        assert (await client.get(f"/{name}")).status_code == 200


def test_no_script_of_another_place_and_none_inside_the_page_runs() -> None:
    assert "script-src 'self';" in POLICY
    assert "*" not in POLICY
    assert not re.search(r"<script[^>]*>[^<]", assets()["index.html"].content.decode())


@pytest.mark.parametrize("name", ["nothing.js", "..%2Freference_page.py", "swagger-ui.css%00"])
async def test_what_is_no_file_of_the_page_is_404(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/docs/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
