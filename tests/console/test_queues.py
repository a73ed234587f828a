"""Queues and workers in the console: without a broker, with one, and with one that is away."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from synapse.contracts.operations import QueueList, WorkerList, WorkerView
from synapse.errors import Unavailable
from synapse.service.operations import OperationsDesk
from tests.console.conftest import Api, Open
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)


def test_without_a_broker_the_page_says_so_and_shows_what_waits(visit: Open, api: Api, tmp_path: Path) -> None:
    page = visit("queues")
    expect(page.get_by_text("No worker was asked: there is no broker")).to_be_visible()
    row = page.get_by_role("region", name="Queues").get_by_role("row").filter(has_text="synapse-search")
    expect(row).to_contain_text("empty")
    expect(row.locator("td").nth(1)).to_have_text("–")


def test_work_that_nobody_takes_is_seen_and_looked_at_again(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, consumers = OperationsDesk.queues, [0]

    def found(desk: OperationsDesk) -> QueueList:
        seen = [each.model_copy(update={"messages": 3, "consumers": consumers[0]}) for each in plain(desk).queues]
        search = {"ready_steps": 4, "oldest_seconds": 65.0, "dead_letters": 2}
        told = [each.model_copy(update=search) if each.name == "synapse-search" else each for each in seen]
        return QueueList(queues=tuple(told))

    told = {"name": "celery@<b>one", "pid": 7, "version": "1", "pool": "threads", "slots": 4, "busy": 3, "uptime_seconds": 5}
    worker = WorkerView.model_validate({**told, "queues": ["synapse-search"], "stopping": True})
    monkeypatch.setattr(OperationsDesk, "queues", found)
    monkeypatch.setattr(OperationsDesk, "workers", lambda desk: WorkerList(workers=(worker,)))
    page = visit("queues", viewport={"width": 375, "height": 740})
    row = page.get_by_role("region", name="Queues").get_by_role("row").filter(has_text="synapse-search")
    expect(row).to_contain_text("nobody takes it")
    assert row.locator("td").all_inner_texts()[1:] == ["3", "0", "4", "1 min 5 s", "2"]
    crew = page.get_by_role("region", name="Workers").get_by_role("row").filter(has_text="celery@<b>one")
    expect(crew).to_contain_text("stopping")
    expect(crew).to_contain_text("3 of 4")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not [each["id"] for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")]
    consumers[0] = 1
    expect(row).to_contain_text("work waits")  # looked at again by itself
    row.get_by_role("link", name="2", exact=True).click()
    expect(page.get_by_role("heading", name="Dead letters", exact=True)).to_be_visible()


def test_a_broker_that_is_away_leaves_what_sql_has(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = OperationsDesk.queues

    def away(desk: OperationsDesk) -> WorkerList:
        raise Unavailable("the broker does not answer")

    monkeypatch.setattr(OperationsDesk, "workers", away)
    monkeypatch.setattr(OperationsDesk, "queues", lambda desk: plain(desk).model_copy(update={"unasked": "the broker does not answer"}))
    page = visit("queues")
    expect(page.get_by_text("The broker was not asked: the broker does not answer.")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="the broker does not answer")).to_be_visible()
    expect(page.get_by_role("region", name="Queues").locator("tbody tr").first).to_be_visible()
