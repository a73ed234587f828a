"""A step looked at closely: what it was given and gave, its log, its run's files; and where else it can be looked at."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Api, Open
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_the_log_of_a_step_and_of_its_run_is_read_and_narrowed(visit: Open, api: Api, tmp_path: Path) -> None:
    run = api.begin(tmp_path, "again-1", "plain")
    page = visit(f"runs/{run}")
    expect(page.locator("#run-state")).to_have_text("succeeded")
    page.get_by_role("button", name="gate[0]").click()
    step = page.get_by_role("region", name="gate[0]", exact=True)
    expect(step).to_contain_text("failed after")
    step.get_by_text("What it was given").click()
    expect(step.locator("pre").first).to_contain_text('"thing": "again-1"')
    step.get_by_text("Its log").click()
    said = step.locator(".events .said")
    expect(said).to_have_count(4)
    for at, words in enumerate(("try 1 begins on", "try 1 failed: not now", "try 2 begins on", "succeeded")):
        expect(said.nth(at)).to_contain_text(words)
    step.get_by_label("how grave").select_option("warnings and errors")
    expect(said).to_have_count(1)
    page.get_by_text("Log", exact=True).click()
    whole = page.locator("details", has=page.get_by_text("Log", exact=True))
    lines = whole.locator(".events li")
    expect(lines).to_have_count(len(api.ask(f"v1/runs/{run}/events?limit=1000")))
    whole.get_by_label("with the words").fill("gate[1]")
    expect(lines).to_have_count(2)
    whole.get_by_label("with the words").fill("nothing of the kind")
    expect(whole.get_by_text("No line is like that.")).to_be_visible()


def test_a_step_that_is_looked_at_goes_on_before_ones_eyes(visit: Open, api: Api, tmp_path: Path) -> None:
    run = api.begin(tmp_path, "wait-a")
    page = visit(f"runs/{run}")
    page.get_by_role("button", name="gate[0]").click()
    step = page.get_by_role("region", name="gate[0]", exact=True)
    expect(step.locator(".state")).to_have_text("running")
    (tmp_path / "wait-a").touch()
    expect(step.locator(".state")).to_have_text("succeeded")
    expect(step.get_by_role("heading")).to_be_focused()


def test_the_files_of_a_run_are_downloaded_with_the_token(visit: Open, api: Api, tmp_path: Path) -> None:
    run = api.begin(tmp_path)
    api.until(run, "succeeded")
    page = visit(f"runs/{run}")
    page.get_by_text("Files", exact=True).click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="events.jsonl").click()
    lines = [json.loads(line) for line in Path(coming.value.path()).read_text().splitlines()]
    assert lines == api.ask(f"v1/runs/{run}/events?limit=1000")
    assert coming.value.suggested_filename == f"{run[:8]}-events.jsonl"


@pytest.fixture
def linked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """An API whose operator has named everything beside it."""
    monkeypatch.setenv("SYNAPSE_CONSOLE_FLOWER_URL", "https://flower.example.com/")
    monkeypatch.setenv("SYNAPSE_CONSOLE_GRAFANA_URL", "https://grafana.example.com/d/x")
    monkeypatch.setenv("SYNAPSE_CONSOLE_TRACE_URL", "https://jaeger.example.com/trace/{trace_id}")
    linked = Api()
    yield linked
    linked.stop()


def traced(api: Api, folder: Path) -> str:
    """A run that a caller's trace goes on in."""
    body = json.dumps({"workflow": "gated", "input": {"folder": str(folder), "things": []}}).encode()
    headers = {"Content-Type": "application/json", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with urllib.request.urlopen(urllib.request.Request(api.url + "v1/runs", body, headers)) as answer:
        return str(json.load(answer)["id"])


def test_what_the_operator_named_is_linked_to(visit: Open, linked: Api, tmp_path: Path) -> None:
    run = traced(linked, tmp_path)
    page = visit(f"runs/{run}", url=linked.url)
    expect(page.get_by_role("link", name="Trace")).to_have_attribute("href", f"https://jaeger.example.com/trace/{TRACE}")
    expect(page.get_by_role("link", name="Grafana")).to_have_attribute("href", "https://grafana.example.com/d/x")
    page.get_by_role("button", name="open").first.click()
    expect(page.get_by_role("link", name="Task in Flower")).to_have_attribute("href", f"https://flower.example.com/task/{run}%3Aopen")
    page.get_by_role("link", name="Queues").click()
    flower = page.get_by_role("link", name="Flower")
    expect(flower).to_have_attribute("href", "https://flower.example.com/workers")
    expect(flower).to_have_attribute("rel", "noopener noreferrer")
    expect(page.get_by_role("link", name="Grafana")).to_be_visible()


def test_nothing_is_linked_to_that_was_not_named(visit: Open, api: Api, tmp_path: Path) -> None:
    page = visit(f"runs/{traced(api, tmp_path)}")
    expect(page.locator("#run-state")).to_have_text("succeeded")
    page.get_by_role("button", name="open").first.click()
    expect(page.get_by_role("region", name="open", exact=True)).to_be_visible()
    page.get_by_role("link", name="Queues").click()
    expect(page.get_by_role("heading", name="Workers", exact=True)).to_be_visible()
    assert page.locator('main a[target="_blank"]').count() == 0
