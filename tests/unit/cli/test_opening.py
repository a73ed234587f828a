from __future__ import annotations

import webbrowser

import pytest

from synapse.cli.house import House
from synapse.cli.opening import page
from tests.unit.cli.conftest import QUESTION, Command


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser was asked to open."""
    asked: list[str] = []
    monkeypatch.setattr(webbrowser, "open", asked.append)
    return asked


def test_a_run_has_a_page_and_its_report_another() -> None:
    assert page("http://h:1", "r") == "http://h:1/#/runs/r"
    assert page("http://h:1", "r", "/report") == "http://h:1/#/runs/r/report"


def test_a_run_is_opened_where_it_is_asked_watched_started_and_read(house: House, synapse: Command, opened: list[str]) -> None:
    run = synapse("research", QUESTION, "--corpus", "insects", "--open").err.split("run ")[1].split()[0]
    watched = synapse("runs", "watch", run, "--open")
    assert watched.code == 0
    assert page(house.api_url, run) in watched.err, "a machine without a browser has the address"
    started = synapse("runs", "start", "research", "--input", f'{{"question": "{QUESTION}"}}', "--detach", "--open").out.strip()
    read = synapse("report", run, "--open")
    assert (read.code, read.out) == (0, "")
    pages = [page(house.api_url, run), page(house.api_url, run), page(house.api_url, started), page(house.api_url, run, "/report")]
    assert opened == pages


def test_a_report_that_there_is_not_opens_nothing(house: House, synapse: Command, opened: list[str]) -> None:
    assert synapse("report", "nobody", "--open").code == 1
    assert opened == []
