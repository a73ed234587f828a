"""A long report: 200 citations, each of which opens at its place."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Route, expect

from synapse.contracts.report import Report
from tests.console.conftest import Api, Open
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)
CITATIONS, PAGES = 200, 20
AT = "2026-11-23T12:00:00Z"


def text_of(page: int) -> str:
    """A page whose offsets differ by code points and by what JavaScript counts in."""
    return "".join(f"🐜 Statement {number} of page {page} 𝕒.\n\n" for number in range(CITATIONS // PAGES))


def snapshot(page: int) -> dict[str, Any]:
    told = {"url": f"https://example.com/{page}", "title": f"Page {page}", "origin": "example.com", "fetched_at": AT}
    return {"id": f"{page:064x}", "length": len(text_of(page)), **told}


def long_report() -> Report:
    evidence, sentences, claims = [], [], []
    for number in range(CITATIONS):
        page, place = divmod(number, CITATIONS // PAGES)
        quote = f"Statement {place} of page {page} 𝕒."
        start = text_of(page).index(quote)
        evidence.append({"id": f"e{number}", "snapshot": f"{page:064x}", "start": start, "end": start + len(quote), "quote": quote})
        shared = {"text": quote, "evidence": [f"e{number}"], "verdict": "single_source"}
        sentences.append({**shared, "claim": f"c{number}"})
        claims.append({**shared, "id": f"c{number}", "subquestion": "q1", "score": 1, "origins": ["example.com"]})
    sections = [{"subquestion": f"q{at}", "heading": f"Part {at}", "sentences": sentences[at * 25 : (at + 1) * 25]} for at in range(8)]
    references = [
        {key: snapshot(page)[key] for key in ("url", "title", "origin", "fetched_at")}
        | {"number": page + 1, "snapshot": f"{page:064x}", "published": None, "evidence": [f"e{page * 10 + at}" for at in range(10)]}
        for page in range(PAGES)
    ]
    made = {"question": "How many?", "answer": sentences[:1], "sections": sections, "references": references}
    return Report.model_validate({**made, "claims": claims, "evidence": evidence, "snapshots": [snapshot(page) for page in range(PAGES)]})


def test_a_report_of_200_citations_opens_each_at_its_place(visit: Open, api: Api) -> None:
    page = visit("runs")

    def source(route: Route) -> None:
        number = int(route.request.url.rpartition("/")[2], 16)
        route.fulfill(json={"snapshot": snapshot(number), "text": text_of(number)})

    page.route("**/v1/runs/long/report?*", lambda route: route.fulfill(json=json.loads(long_report().model_dump_json())))
    page.route("**/v1/runs/long/sources/*", source)
    page.goto(api.url + "#/runs/long/report")
    sections = page.locator("article h2:has-text('Part') + .sentences .cite")
    expect(sections).to_have_count(CITATIONS)
    for number in (0, 99, 199):
        sections.nth(number).click()
        expect(page.locator("mark")).to_have_text(f"Statement {number % 10} of page {number // 10} 𝕒.")
        expect(page.locator("mark")).to_be_in_viewport()
        expect(page.get_by_text("does not stand there")).to_have_count(0)
    # By the keyboard from the last one: put away, and the reader is where the reading was.
    page.keyboard.press("Escape")
    expect(sections.nth(199)).to_be_focused()
