"""A report on a terminal: every statement with the numbers of its sources, every source with its quotes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from synapse.cli.text import counted, short, shown
from synapse.contracts.evidence import Evidence, Verdict
from synapse.contracts.report import Reference, Report, Sentence
from synapse.research.paging import pages_by_evidence

_MARKS: Final = {
    Verdict.CORROBORATED: ("●", "green", "independent origins say so"),
    Verdict.SINGLE_SOURCE: ("○", "cyan", "one origin says so"),
    Verdict.CONFLICT: ("⚠", "yellow", "another source may say otherwise"),
    Verdict.SUPERSEDED: ("⊘", "bright_black", "no longer holds"),
}
_QUOTES: Final = 3
"""Quotes shown of one source; the files have them all."""
_QUOTE_WIDTH: Final = 220


def show(console: Console, report: Report) -> None:
    """Print the report."""
    console.print(view(report))


def view(report: Report) -> RenderableType:
    """The report as something rich prints."""
    numbers = {name: reference.number for reference in report.references for name in reference.evidence}
    parts: list[RenderableType] = [Rule(style="bright_black"), Text(shown(report.question), "bold"), Text()]
    if not report.answer:
        parts.append(Text("No evidence found: none of the sources that could be read answers this question.", "yellow"))
    else:
        parts.append(_sentences(report.answer, numbers))
    for section in report.sections:
        single = len(report.sections) == 1
        parts += [_heading("More from the sources" if single else section.heading), _sentences(section.sentences, numbers)]
    if report.disagreements:
        parts.append(_heading("Where sources may disagree"))
        parts += [_sentences(pair, numbers) for pair in report.disagreements]
    if report.answer and report.unanswered:
        parts += [_heading("Not answered"), *(_item(item.text) for item in report.unanswered)]
    if report.missed:
        parts += [_heading("Not read"), *(_item(f"{item.what}: {item.reason}") for item in report.missed)]
    if report.notes:
        parts += [_heading("About the language model"), *(_item(note) for note in report.notes)]
    if report.references:
        parts += [_heading("Sources"), *(_reference(item, report) for item in report.references), _legend(report)]
    return Group(*parts, Rule(style="bright_black"))


def _heading(text: str) -> RenderableType:
    return Padding(Text(shown(text), "bold underline"), (1, 0, 0, 0))


def _item(text: str) -> RenderableType:
    return _row(Text("-"), Text(shown(text)))


def _row(mark: Text, body: RenderableType) -> RenderableType:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=2, justify="right")
    grid.add_column(ratio=1)
    grid.add_row(mark, body)
    return grid


def _sentences(sentences: Iterable[Sentence], numbers: dict[str, int]) -> RenderableType:
    rows = []
    for sentence in sentences:
        mark, colour, _ = _MARKS[sentence.verdict]
        cited = "".join(f"[{number}]" for number in dict.fromkeys(numbers[name] for name in sentence.evidence))
        rows.append(_row(Text(mark, colour), Text(shown(sentence.text)) + Text(f" {cited}", "blue")))
    return Group(*rows)


def _reference(reference: Reference, report: Report) -> RenderableType:
    quotes = {item.id: item for item in report.evidence}
    cited = [quotes[name] for name in reference.evidence if name in quotes]
    pages = pages_by_evidence(reference)
    lines: list[RenderableType] = [Text(shown(reference.title) or reference.origin, "bold"), Text(shown(reference.url), "bright_black")]
    lines += [Text(f"“{short(item.quote, _QUOTE_WIDTH)}” ({_place(item, pages)})", "italic") for item in cited[:_QUOTES]]
    if len(cited) > _QUOTES:
        lines.append(Text(f"and {counted(len(cited) - _QUOTES, 'more quote')}", "bright_black"))
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=4, justify="right")
    grid.add_column(ratio=1)
    grid.add_row(Text(f"[{reference.number}]", "blue"), Group(*lines))
    return grid


def _place(item: Evidence, pages: Mapping[str, str]) -> str:
    return f"{pages[item.id]}, {item.start}–{item.end}" if item.id in pages else f"{item.start}–{item.end}"


def _legend(report: Report) -> RenderableType:
    sections = [sentence for section in report.sections for sentence in section.sentences]
    pairs = [sentence for pair in report.disagreements for sentence in pair]
    used = {sentence.verdict for sentence in (*report.answer, *sections, *pairs)}
    said = "   ".join(f"{mark} {meaning}" for verdict, (mark, _, meaning) in _MARKS.items() if verdict in used)
    return Padding(Text(said, "bright_black"), (1, 0, 0, 0))
