"""The API's own page, in a browser that reaches nothing but the API."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Api, Open
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)


def test_it_shows_every_operation_loads_nothing_from_elsewhere_and_asks_the_api(visit: Open, api: Api) -> None:
    page = visit(url=api.url + "docs")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.get_by_role("heading", name="Synapse")).to_be_visible()
    described = api.ask("openapi.json")["paths"]
    operations = sum(len(path) for path in described.values())
    expect(page.locator(".opblock")).to_have_count(operations)
    page.locator(".opblock", has_text="/v1/agents").first.get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text("test.gate")
    assert [url for url in asked if not url.startswith((api.url, "data:"))] == []
    assert api.url + "v1/agents" in asked


def test_it_is_dark_when_the_console_is(visit: Open, api: Api) -> None:
    page = visit(url=api.url + "docs")
    expect(page.locator(".opblock").first).to_be_visible()
    for scheme, darkest in (("dark", True), ("light", False)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of its literals
        page.wait_for_function("dark => document.documentElement.classList.contains('dark-mode') === dark", arg=darkest)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (max(ground) < 64) == darkest
