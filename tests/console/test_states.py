"""What the console shows while there is nothing, not yet anything, or nobody who answers."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Route, expect

from tests.console.conftest import Api, Open
from tests.console.test_keys import signed_in
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)
TOKEN = "a-token-of-this-test"


def test_a_first_visit_explains_itself_in_one_screen(visit: Open, api: Api) -> None:
    closed = Api(token=TOKEN)
    try:
        key = closed.ask("v1/keys", {"name": "first", "scopes": ["runs:read", "runs:write"], "tenant": "newcomers"})["key"]
        page = signed_in(visit, closed, "", key)
        expect(page.get_by_role("heading", name="3. Check")).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert not [each["id"] for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")]
        example = page.get_by_role("button", name="acks_late")
        example.focus()
        page.keyboard.press("Enter")
        question = page.get_by_label("What do you want to know?")
        expect(question).to_be_focused()
        expect(question).to_have_value(example.inner_text())
        page.get_by_role("link", name="Runs").click()
        expect(page.get_by_role("heading", name="Nothing was asked yet")).to_be_visible()
    finally:
        closed.stop()


def test_a_place_that_could_not_be_shown_shows_itself_when_the_api_is_back(visit: Open, api: Api) -> None:
    page = visit("nowhere")
    for place in ("runs", "workflows", "queues", "keys", "dead-letters", "health"):
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.route("**/*", lambda route: route.abort("connectionrefused"))
        page.evaluate(f"location.hash = '#/{place}'")
        expect(page.locator("#offline")).to_contain_text("The API does not answer since")
        expect(page.locator("main").get_by_role("alert")).to_contain_text("The API does not answer")
        page.unroute("**/*")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("#offline")).not_to_be_visible()


def test_what_is_shown_stays_while_the_api_is_away(visit: Open, api: Api) -> None:
    page = visit("workflows/_check")
    text = page.get_by_label("Check a definition")
    text.fill("name: half")
    page.route("**/*", lambda route: route.abort("connectionrefused"))
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/*")
    expect(page.locator("#offline")).not_to_be_visible()
    expect(text).to_have_value("name: half")


def test_an_answer_that_takes_its_time_is_waited_for_visibly(visit: Open, api: Api) -> None:
    page = visit("health")
    held: list[Route] = []
    page.route("**/v1/workflows", lambda route: held.append(route))
    page.get_by_role("link", name="Workflows").click()
    expect(page.get_by_role("status").filter(has_text="Loading")).to_be_visible()
    expect(page.locator(".loading")).to_have_css("opacity", "1")
    held[0].continue_()
    expect(page.get_by_role("link", name="research", exact=True)).to_be_visible()
    expect(page.locator(".loading")).to_have_count(0)


def test_what_there_is_not_is_told_with_a_way_on(visit: Open, api: Api) -> None:
    page = visit("health")
    for place in ("runs/none", "runs/none/report", "compare/none/nobody", "workflows/none", "nowhere"):
        page.goto(f"{api.url}#/{place}")
        expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
        page.locator("main").get_by_role("link", name="All runs").click()
        expect(page.get_by_role("heading", name="Runs")).to_be_visible()


def test_a_fault_of_the_api_is_told_and_tried_again(visit: Open, api: Api) -> None:
    page = visit("health")
    problem = {"title": "Internal error", "detail": "It broke.", "status": 500, "code": "internal"}
    page.route("**/v1/workflows", lambda route: route.fulfill(status=500, content_type="application/problem+json", json=problem), times=1)
    page.get_by_role("link", name="Workflows").click()
    expect(page.get_by_role("alert").filter(has_text="It broke.")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="research", exact=True)).to_be_visible()
