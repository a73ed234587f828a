"""Workflows in the console: drawn, in their versions, checked and kept."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Api, Open
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)
FIRST = """name: {name}
description: Whatever <img src=x onerror=alert(1)> is.
input: {{type: object, properties: {{things: {{type: array}}}}}}
do:
  chain:
    - {{step: plan, agent: orchestrator, with: {{question: "'Why?'"}}}}
    - group:
        - {{timer: pause, seconds: 5}}
        - when: input.things
          then: {{foreach: many, items: input.things, do: {{step: each, agent: test.gate, with: {{thing: item, folder: "'x'"}}}}}}
          otherwise: {{approval: sure, ask: "'Sure?'"}}
"""


def test_a_workflow_is_drawn_as_a_graph_with_its_steps_beside_it(visit: Open) -> None:
    page = visit("workflows")
    page.get_by_role("link", name="research", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Valid")).to_be_visible()
    drawn = page.get_by_role("img", name="The workflow as a graph")
    rows = page.get_by_role("region", name="Steps").locator("tbody tr")
    names = drawn.locator("text.name").all_text_contents()
    assert names == rows.locator("th").all_inner_texts()
    assert {"plan", "search", "check_again", "finish"} <= set(names)
    expect(rows.filter(has_text="check_again")).to_contain_text("when steps.more_pages")
    tops = [drawn.locator("rect.node").nth(at).bounding_box() for at in range(len(names))]
    assert all(one and other and one["y"] + one["height"] < other["y"] for one, other in pairwise(tops))


def test_a_definition_is_corrected_kept_and_changed_by_the_keyboard_alone(visit: Open, api: Api) -> None:
    page = visit("workflows/_check")
    text = page.get_by_label("Check a definition")
    text.fill(FIRST.format(name="corrected").replace("orchestrator", "nobody").replace("test.gate", "none.either"))
    text.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wrong = page.get_by_role("alert")
    expect(wrong.locator("li")).to_have_count(2)
    expect(wrong).to_contain_text("do.chain[0].agent")
    expect(page.get_by_role("img", name="as a graph").locator("text.name")).to_have_text(["plan", "pause", "each", "sure"])
    expect(page.get_by_role("button", name="Keep as a version")).to_be_disabled()
    page.reload()
    expect(text).to_have_value(FIRST.format(name="corrected").replace("orchestrator", "nobody").replace("test.gate", "none.either"))
    text.fill(FIRST.format(name="corrected"))
    text.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep as a version")).to_be_enabled()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="corrected, version 1")).to_be_visible()
    assert page.locator("main img").count() == 0
    page.get_by_role("link", name="Change it").click()
    text.fill(text.input_value().replace('"Why?"', '"How?"').replace("'Why?'", "'How?'"))
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("button", name="Keep as a version").click()
    expect(page.get_by_role("heading", name="corrected, version 2")).to_be_visible()
    page.get_by_text("What changed since version 1").click()
    expect(page.locator("pre").filter(has_text="How?").first).to_contain_text("Why?")
    page.get_by_role("region", name="Versions").get_by_role("link", name="1", exact=True).click()
    expect(page.get_by_role("heading", name="corrected, version 1")).to_be_visible()
    assert [each["version"] for each in api.ask("v1/workflows/corrected/versions")["versions"]] == [2, 1]


@pytest.mark.parametrize("written", ["do: [", "[]", "name: x"])
def test_what_cannot_be_read_as_a_definition_is_told_at_its_place(visit: Open, written: str) -> None:
    page = visit("workflows/_check")
    page.get_by_label("Check a definition").fill(written)
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Not valid")
    expect(page.get_by_role("img")).to_have_count(0)
    expect(page.get_by_role("button", name="Keep as a version")).to_be_disabled()
