from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from synapse.cli.report_view import show
from synapse.contracts.report import Report
from tests.unit.workbench import QUESTION, Workbench


@pytest.fixture
async def report(researched: tuple[Workbench, str]) -> Report:
    bench, run = researched
    return await bench.service.reports.json(bench.service.runs.get(run))


def _shown(report: Report, **options: bool) -> str:
    console = Console(file=StringIO(), width=100, **options)  # type: ignore[arg-type] # flags
    show(console, report)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return] # a StringIO


def test_every_statement_has_its_numbers_and_every_source_its_quotes(report: Report) -> None:
    shown = " ".join(_shown(report).split())
    assert QUESTION in shown
    assert all(f"{sentence.text} [" in shown for sentence in report.answer)
    assert all(reference.url in shown for reference in report.references)
    assert all(f"({item.start}–{item.end})" in shown for item in report.evidence)


def test_a_page_cannot_move_the_cursor(report: Report) -> None:
    evil = report.references[0].model_copy(update={"title": "a\x1b[2J\x9b31m\u202etitle [red]x[/red]"})
    shown = _shown(report.model_copy(update={"references": (evil, *report.references[1:])}))
    assert "a[2J31mtitle [red]x[/red]" in shown
    assert "\x1b" not in shown


def test_an_honest_nothing_is_said() -> None:
    nothing = Report(question="Why?", answer=(), sections=(), references=(), claims=(), evidence=(), snapshots=())
    assert "No evidence found" in _shown(nothing)


def test_a_quote_of_a_paper_shows_its_page(report: Report) -> None:
    first = report.references[0]
    paged = first.model_copy(update={"pages": tuple((7, 8) for _ in first.evidence)})
    assert "(pp. 7–8, " in _shown(report.model_copy(update={"references": (paged, *report.references[1:])}))
