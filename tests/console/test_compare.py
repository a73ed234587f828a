"""Two runs side by side: what their reports have in common, and what became of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect

from synapse.contracts.report import Report
from tests.console.conftest import Api, Open
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)
QUESTION = "How far do ants walk?"
FIRST = ("Ants walk 200 metres from the nest for food.", "Ants walk home by the light of the sun.", "They march in lines.")
SECOND = ("Ants walk <b>350</b> metres from the nest for food.", FIRST[1], "Warm days make everything faster.")


def difference(page: Page, function: str, *given: Any) -> Any:
    """What a function of the console's difference.js gives."""
    called = "async ([name, given]) => (await import('/console/difference.js'))[name](...given)"
    return page.evaluate(called, [function, given])


def statements(*texts: str) -> list[dict[str, str]]:
    return [{"text": text} for text in texts]


def test_statements_are_the_same_changed_or_only_in_one(visit: Open) -> None:
    page = visit("runs")
    left = statements("Ants sleep.", "A wasp stings twice a day.", "Bees tell each other where flowers are.", "The queen lays 200 eggs.")
    right = statements("The queen lays 900 eggs.", "ants  sleep", "Hives are for bees.", "Bees tell one another where the flowers are.")
    found = difference(page, "matched", left, right)
    texts = {name: [[each["text"] for each in pair] for pair in found[name]] for name in ("both", "changed")}
    assert texts["both"] == [["Ants sleep.", "ants  sleep"]]
    assert texts["changed"] == [
        ["Bees tell each other where flowers are.", "Bees tell one another where the flowers are."],
        ["The queen lays 200 eggs.", "The queen lays 900 eggs."],
    ]
    assert (found["left"], found["right"]) == (statements("A wasp stings twice a day."), statements("Hives are for bees."))
    assert difference(page, "matched", left, left)["both"] == [[each, each] for each in left]


def test_a_change_is_told_word_by_word_and_loses_none(visit: Open) -> None:
    page = visit("runs")
    changes = {
        ("a b c", "a x c"): ["same:a ", "gone:b ", "new:x ", "same:c"],
        ("a b", "a b"): ["same:a b"],
        ("a", "b"): ["gone:a", "new:b"],
        ("a b", "b"): ["gone:a ", "same:b"],
        ("b", "b c"): ["same:b ", "new:c"],
        ("", "b"): ["new:b"],
    }
    for (before, after), parts in changes.items():
        found = difference(page, "words", before, after)
        assert [f"{each['kind']}:{each['text']}" for each in found if each["text"]] == parts


def report(page: str, *texts: str) -> Any:
    """A report of such statements, each with a quote in the one page."""
    evidence, sentences, claims = [], [], []
    for number, text in enumerate(texts):
        evidence.append({"id": f"e{number}", "snapshot": "a" * 64, "start": 0, "end": len(text), "quote": text})
        shared = {"text": text, "evidence": [f"e{number}"], "verdict": "single_source"}
        sentences.append({**shared, "claim": f"c{number}"})
        claims.append({**shared, "id": f"c{number}", "subquestion": "q1", "score": 1, "origins": ["example.com"]})
    told = {"title": "Ants", "url": f"https://example.com/{page}", "origin": "example.com", "fetched_at": "2026-11-23T12:00:00Z"}
    reference = {**told, "number": 1, "snapshot": "a" * 64, "published": None, "evidence": [each["id"] for each in evidence]}
    sections = [{"subquestion": "q1", "heading": QUESTION, "sentences": sentences}]
    made = {"question": QUESTION, "answer": sentences[:1], "sections": sections, "references": [reference], "claims": claims}
    return Report.model_validate({**made, "evidence": evidence, "snapshots": [{**told, "id": "a" * 64, "length": 100}]})


def answer_with(made: Report) -> Callable[[Route], None]:
    return lambda route: route.fulfill(json=json.loads(made.model_dump_json()))


def test_two_reports_are_compared_statement_by_statement(visit: Open, api: Api, tmp_path: Path) -> None:
    runs = [api.begin(tmp_path, thing) for thing in ("one", "two")]
    reports = [report("first", *FIRST), report("second", *SECOND)]
    for run in runs:
        api.until(run, "succeeded")
    page = visit("health")
    for run, made in zip(runs, reports, strict=True):
        page.route(f"**/v1/runs/{run}/report?*", answer_with(made))
    page.goto(api.url + "#/runs")
    for run in runs:
        page.locator("li", has=page.locator(f'a[href="#/runs/{run}"]')).get_by_role("checkbox").check()
    page.get_by_role("link", name="Compare", exact=True).click()
    changed = page.locator("main li", has=page.locator("del"))
    expect(changed.locator("del")).to_have_text("200 ")
    expect(changed.locator("ins")).to_have_text("<b>350</b> ")
    expect(page.get_by_role("region", name="Only in the first")).to_contain_text("They march in lines.")
    expect(page.get_by_role("region", name="Only in the second")).to_contain_text("Warm days make everything faster.")
    page.get_by_text("In both (1)").click()
    expect(page.locator("details", has_text="In both").get_by_role("listitem")).to_contain_text("by the light of the sun")
    expect(page.get_by_role("region", name="What differs").get_by_role("row").filter(has_text="things").locator("td")).to_have_text(
        ['["one"]', '["two"]']
    )
    expect(page.get_by_role("region", name="Sources").get_by_role("row").filter(has_text="only the first")).to_have_count(1)


def test_runs_without_a_report_are_compared_by_what_there_is(visit: Open, api: Api, tmp_path: Path) -> None:
    one, other = (api.begin(tmp_path, f"wait-{number}") for number in (8, 9))
    page = visit(f"compare/{one}/{other}")
    expect(page.get_by_text("Neither run has a report yet")).to_be_visible()
    expect(page.get_by_role("region", name="What differs").get_by_role("row").filter(has_text="things")).to_contain_text("wait-9")
    for run in (one, other):
        api.ask(f"v1/runs/{run}/cancel", {})
