"""What people do with the console, in a real Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.console.conftest import Api, Open
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)
QUESTION = "How do ants find food?"


def asked(page: Page) -> None:
    page.get_by_label("What do you want to know?").fill(QUESTION)
    page.get_by_text("Sources and limits", exact=True).click()
    page.get_by_label("corpus").fill("insects")
    page.get_by_role("button", name="Ask", exact=True).click()


def test_from_the_question_to_the_quote_in_its_stored_page(visit: Open) -> None:
    page = visit()
    asked(page)
    expect(page.locator("#run-state")).to_have_text("succeeded")
    expect(page.locator(".stage", has_text="read").first).to_contain_text("2 of 2 done")
    page.get_by_role("link", name="Read the report").click()
    cite = page.locator(".cite").first
    cite.click()
    mark = page.locator("mark")
    expect(mark).to_be_visible()
    assert mark.inner_text() in page.locator(".page").inner_text()
    assert mark.inner_text() == cite.get_attribute("title")
    page.keyboard.press("Escape")
    expect(mark).not_to_be_visible()
    expect(cite).to_be_focused()


def test_by_the_keyboard_alone(visit: Open) -> None:
    page = visit()
    page.get_by_label("What do you want to know?").wait_for()
    page.keyboard.press("/")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("insects")
    page.keyboard.press("Enter")
    expect(page.locator("#run-state")).to_have_text("succeeded")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Read the report":
            break
    page.keyboard.press("Enter")
    page.locator(".cite").first.wait_for()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "cite":
            break
    page.keyboard.press("Enter")
    expect(page.locator("mark")).to_be_visible()


def test_a_run_is_watched_over_a_reload_and_a_restart_of_the_api(visit: Open, api: Api, tmp_path: Path) -> None:
    run = api.begin(tmp_path, "wait-1", "wait-2", "again-3")
    page = visit(f"runs/{run}")
    gates = page.locator(".stage", has=page.get_by_text("gate", exact=True))
    expect(gates).to_contain_text("1 of 3 done, 1 retry")
    page.reload()
    expect(gates).to_contain_text("1 of 3 done, 1 retry")
    api.stop()
    expect(page.locator("#offline")).to_be_visible()
    (tmp_path / "wait-1").touch()
    api.start_again()
    expect(gates).to_contain_text("2 of 3 done, 1 retry")
    expect(page.locator("#offline")).not_to_be_visible()
    (tmp_path / "wait-2").touch()
    expect(page.locator("#run-state")).to_have_text("succeeded")
    page.get_by_text("Log", exact=True).click()
    numbers = [int(each) for each in page.locator(".events .number").all_inner_texts()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_run_is_cancelled_and_resumed(visit: Open, api: Api, tmp_path: Path) -> None:
    run = api.begin(tmp_path, "wait-1")
    page = visit(f"runs/{run}")
    expect(page.locator(".stage", has=page.get_by_text("gate", exact=True))).to_contain_text("running")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#run-state")).to_have_text("cancelled")
    (tmp_path / "wait-1").touch()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#run-state")).to_have_text("succeeded")


def test_why_a_run_failed_is_told_as_text_whatever_it_says(visit: Open, api: Api, tmp_path: Path) -> None:
    run = api.begin(tmp_path, "plain", "broken")
    page = visit(f"runs/{run}")
    expect(page.locator("#run-state")).to_have_text("failed")
    expect(page.locator("main .notice.bad")).to_contain_text("<img src=x onerror=alert(1)> is broken")
    page.get_by_role("button", name="gate[1]").click()
    expect(page.locator("section.card")).to_contain_text("Try 1")
    assert page.locator("main img").count() == 0
    (tmp_path / "mended").touch()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#run-state")).to_have_text("succeeded")


def test_what_a_run_waits_for_is_answered_in_its_page(visit: Open, api: Api) -> None:
    run = str(api.ask("v1/runs", {"workflow": "asking"})["id"])
    page = visit(f"runs/{run}")
    card = page.get_by_role("group", name="Publish?")
    expect(card).to_contain_text("publish, since")
    assert page.locator("main img").count() == 0
    card.get_by_label("Comment").fill("Go ahead.")
    before = page.locator(".head").first.inner_text()
    expect(page.locator(".head").first).not_to_have_text(before)  # the page is drawn anew each second: what is being written stays
    expect(card.get_by_label("Comment")).to_have_value("Go ahead.")
    card.get_by_role("button", name="Approve").click()
    expect(card).not_to_be_visible()
    paid = page.get_by_role("group", name="Paid?")
    paid.get_by_label("Payload as JSON").fill("{sum: 5}")
    paid.get_by_role("button", name="Send").click()
    expect(paid.get_by_role("alert")).to_contain_text("Not JSON")
    paid.get_by_label("Payload as JSON").fill('{"sum": "much"}')
    paid.get_by_role("button", name="Send").click()
    expect(paid.get_by_role("alert")).to_contain_text("is not of type 'number'")
    paid.get_by_label("Payload as JSON").fill('{"sum": 5}')
    paid.get_by_role("button", name="Send").click()
    expect(paid).not_to_be_visible()
    expect(page.get_by_role("group", name="A time")).to_be_visible()
    steps = {step["path"]: step for step in api.ask(f"v1/runs/{run}")["steps"]}
    assert (steps["publish"]["output"]["approved"], steps["publish"]["output"]["comment"]) == (True, "Go ahead.")
    assert steps["paid"]["output"]["payload"] == {"sum": 5}
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("group", name="A time")).not_to_be_visible()


def test_a_run_is_rejected_by_the_keyboard_alone(visit: Open, api: Api) -> None:
    run = str(api.ask("v1/runs", {"workflow": "asking"})["id"])
    page = visit(f"runs/{run}")
    page.get_by_label("Comment").focus()
    page.keyboard.type("Not yet.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Reject")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#run-state")).to_have_text("succeeded")
    (publish,) = api.ask(f"v1/runs/{run}")["steps"]
    assert (publish["output"]["approved"], publish["output"]["comment"]) == (False, "Not yet.")


def test_runs_are_filtered_chosen_and_cancelled_together(visit: Open, api: Api, tmp_path: Path) -> None:
    first, second = (api.begin(tmp_path, f"wait-{number}") for number in (1, 2))
    page = visit("runs?state=running")
    for run in (first, second):
        page.locator("li", has=page.locator(f'a[href="#/runs/{run}"]')).get_by_role("checkbox").check()
    expect(page.get_by_role("link", name="Compare", exact=True)).to_be_visible()
    page.get_by_role("button", name="Cancel 2").click()
    expect(page.locator(f'a[href="#/runs/{first}"]')).to_have_count(0)
    for run in (first, second):
        api.until(run, "cancelled")


def test_what_could_not_be_resumed_with_others_is_told_with_its_reason(visit: Open, api: Api, tmp_path: Path) -> None:
    run = api.begin(tmp_path, "broken-1")
    api.until(run, "failed")
    page = visit("runs?state=failed")
    page.locator("li", has=page.locator(f'a[href="#/runs/{run}"]')).get_by_role("checkbox").check()
    (tmp_path / "mended").touch()
    api.ask(f"v1/runs/{run}/resume", {})
    api.until(run, "succeeded")
    page.get_by_role("button", name="Resume 1").click()
    expect(page.get_by_role("alert")).to_contain_text("1 run could not be resumed: ")
    expect(page.get_by_role("alert")).to_contain_text("succeeded")
    expect(page.locator(f'a[href="#/runs/{run}"]')).to_have_count(0)


def test_runs_are_found_by_their_words_and_labels_by_the_keyboard_alone(visit: Open, api: Api, tmp_path: Path) -> None:
    things = {"folder": str(tmp_path), "things": []}
    runs = [
        str(api.ask("v1/runs", {"workflow": "gated", "input": things, "labels": {"team": team, "test": tmp_path.name}})["id"])
        for team in ("a", "b")
    ]
    page = visit("runs")
    page.get_by_label("Label").focus()
    page.keyboard.type(f"test:{tmp_path.name}")
    page.keyboard.press("Enter")
    expect(page.locator(".rows li")).to_have_count(2)
    page.get_by_label("Label").fill("team:b")
    page.keyboard.press("Enter")
    expect(page.locator(f'a[href="#/runs/{runs[1]}"]')).to_be_visible()
    expect(page.locator(f'a[href="#/runs/{runs[0]}"]')).to_have_count(0)
    page.get_by_label("Words").fill("wordsthatnobodywrote")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No run is like that")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Words")).to_have_value("wordsthatnobodywrote")


def test_a_run_is_drawn_as_the_version_that_it_was_started_of(visit: Open, api: Api, tmp_path: Path) -> None:
    made = {"name": f"drawn-{tmp_path.name.replace('_', '-')[-20:].strip('-')}", "do": {"timer": "first", "seconds": 3600}}
    api.ask("v1/workflows", made)
    run = api.ask("v1/runs", {"workflow": made["name"], "input": {}})["id"]
    api.ask("v1/workflows", {**made, "do": {"timer": "second", "seconds": 3600}})
    page = visit(f"runs/{run}")
    expect(page.locator(".stage strong, .stage button").first).to_have_text("first")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#run-state")).to_have_text("cancelled")


def test_a_thousand_runs_are_paged_and_stay_usable(visit: Open, api: Api, tmp_path: Path) -> None:
    api.multiply(api.begin(tmp_path), 1000)
    page = visit("runs")
    rows = page.locator(".rows li")
    expect(rows).to_have_count(50)
    for shown in range(100, 1001, 50):
        page.get_by_role("button", name="Older runs").click()
        expect(rows).to_have_count(shown)
    rows.nth(990).get_by_role("link").click()
    expect(page.locator("#run-state")).to_be_visible()


def test_with_a_token_one_signs_in_once(visit: Open, api: Api) -> None:
    other = Api(token="a-token-of-this-test")
    try:
        page = visit("runs", url=other.url)
        page.get_by_label("Token").fill("a-token-of-nobody")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert").last).to_contain_text("did not take the token")
        page.get_by_label("Token").fill("a-token-of-this-test")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Runs")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    finally:
        other.stop()


PLACES = [
    "",
    "runs",
    "workflows",
    "workflows/research",
    "workflows/_check",
    "keys",
    "queues",
    "dead-letters",
    "health",
    "runs/{run}",
    "runs/{run}/report",
    "runs/{waits}",
    "compare/{run}/{waits}",
    "nowhere",
    "runs/none",
]


@pytest.fixture
def run(api: Api) -> str:
    run = str(api.ask("v1/runs", {"question": QUESTION, "input": {"corpus": "insects"}})["id"])
    api.until(run, "succeeded")
    return run


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_place_is_accessible_and_fits_a_phone(visit: Open, api: Api, run: str, scheme: Any) -> None:
    page = visit(color_scheme=scheme, viewport={"width": 375, "height": 740}, reduced_motion="reduce")
    waits = api.ask("v1/runs", {"workflow": "asking"})["id"]
    faults = []
    for place in PLACES:
        page.goto(page.url.partition("#")[0] + "#/" + place.format(run=run, waits=waits))
        page.locator("main h1, main .notice").first.wait_for()
        if place == "runs/{waits}":
            page.get_by_role("button", name="Approve").wait_for()
        if place == "runs/{run}":
            page.get_by_role("button", name="search[0]").click()
            for folded in ("Its log", "Log", "Files"):
                page.get_by_text(folded, exact=True).click()
            page.get_by_role("button", name="events.jsonl").wait_for()
        if place.endswith("report"):
            page.locator(".cite").first.click()
            page.locator("mark").wait_for()
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{place}: wider than the screen")
        found = Axe().run(page).response["violations"]
        faults += [f"{place}: {each['id']} {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] in ("serious", "critical")]
    assert not faults, "\n".join(faults)
