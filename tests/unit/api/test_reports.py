from __future__ import annotations

import asyncio
import base64
import hashlib
import re

import httpx
import pytest

from synapse.contracts.report import Report
from synapse.contracts.run import RunRequest
from tests.unit.workbench import QUESTION, Workbench


@pytest.fixture
def bench(researched: tuple[Workbench, str]) -> Workbench:
    return researched[0]


@pytest.fixture
def run(researched: tuple[Workbench, str]) -> str:
    return researched[1]


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        ({"headers": {"Accept": "text/markdown"}}, "text/markdown; charset=utf-8"),
        ({"headers": {"Accept": "text/html"}}, "text/html; charset=utf-8"),
        ({"headers": {"Accept": "application/json"}}, "application/json"),
        ({"params": {"format": "html"}, "headers": {"Accept": "application/json"}}, "text/html; charset=utf-8"),
        ({}, "text/markdown; charset=utf-8"),
    ],
)
async def test_a_report_comes_as_it_was_asked_for(client: httpx.AsyncClient, run: str, ask: dict[str, dict[str, str]], kind: str) -> None:
    answer = await client.get(f"/v1/runs/{run}/report", **ask)  # type: ignore[arg-type] # keywords of any kind
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert "late acknowledgement" in answer.text


async def test_every_quote_stands_in_its_stored_page(client: httpx.AsyncClient, bench: Workbench, run: str) -> None:
    report = Report.model_validate_json((await client.get(f"/v1/runs/{run}/report?format=json")).text)
    assert report.answer
    for item in report.evidence:
        text = (await bench.runtime.database.blobs.get(item.snapshot)).decode()
        assert text[item.start : item.end] == item.quote


async def test_a_cited_page_is_given_as_it_was_read(client: httpx.AsyncClient, run: str) -> None:
    report = Report.model_validate_json((await client.get(f"/v1/runs/{run}/report?format=json")).text)
    for item in report.evidence:
        answer = await client.get(f"/v1/runs/{run}/sources/{item.snapshot}")
        assert answer.status_code == 200
        assert answer.json()["text"][item.start : item.end] == item.quote
        assert answer.json()["snapshot"]["id"] == item.snapshot


async def test_a_page_that_is_stored_but_not_the_reports_is_404(client: httpx.AsyncClient, bench: Workbench, run: str) -> None:
    stored = await bench.runtime.database.blobs.put(b"somebody else's page")
    for snapshot in (stored, "0" * 64, "nothing"):
        answer = await client.get(f"/v1/runs/{run}/sources/{snapshot}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "the report has no such page")


async def test_the_page_may_load_and_run_nothing_and_its_own_style_is_the_only_one(client: httpx.AsyncClient, run: str) -> None:
    answer = await client.get(f"/v1/runs/{run}/report?format=html")
    policy = answer.headers["content-security-policy"]
    style = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


async def test_a_format_that_there_is_not_is_406_and_a_misspelt_one_400(client: httpx.AsyncClient, run: str) -> None:
    assert (await client.get(f"/v1/runs/{run}/report", headers={"Accept": "image/png"})).status_code == 406
    assert (await client.get(f"/v1/runs/{run}/report?format=pdf")).json()["field"] == "format"


async def test_a_run_that_has_not_succeeded_has_none(client: httpx.AsyncClient, bench: Workbench) -> None:
    run = (await asyncio.to_thread(bench.service.runs.submit, RunRequest(question=QUESTION))).run
    answer = await client.get(f"/v1/runs/{run.id}/report")
    assert (answer.status_code, answer.json()["remedy"]) == (409, "wait for it to succeed")


async def test_a_workflow_that_makes_none_has_none(client: httpx.AsyncClient, bench: Workbench) -> None:
    run = await asyncio.to_thread(bench.finished, RunRequest(workflow="echo", input={"text": "x"}))
    assert (await client.get(f"/v1/runs/{run.id}/report")).status_code == 404


async def test_a_report_is_checked_again_and_its_sources_only_when_that_is_asked_for(client: httpx.AsyncClient, run: str) -> None:
    plain = await client.get(f"/v1/runs/{run}/verification")
    assert (plain.status_code, plain.json()["holds"], plain.json()["sources"]) == (200, True, [])
    again = (await client.get(f"/v1/runs/{run}/verification?refetch=true")).json()
    assert {source["today"] for source in again["sources"]} == {"unchanged"}


async def test_a_run_without_a_report_has_nothing_to_check(client: httpx.AsyncClient, bench: Workbench) -> None:
    run = (await asyncio.to_thread(bench.service.runs.submit, RunRequest(question=QUESTION))).run
    assert (await client.get(f"/v1/runs/{run.id}/verification")).status_code == 409
    assert (await client.get("/v1/runs/none/verification")).status_code == 404
    assert (await client.get(f"/v1/runs/{run.id}/verification?refetch=perhaps")).json()["field"] == "refetch"
