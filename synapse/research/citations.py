"""Checks a report the way a distrustful reader would: every statement against its quotes, every quote against the stored text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from synapse.contracts.evidence import Frozen
from synapse.contracts.report import Report, Sentence
from synapse.research.grounding import ungrounded
from synapse.research.text import squeeze


class Fault(Frozen):
    """Something in a report that cannot be traced to a stored page."""

    where: str
    what: str


def check(report: Report, texts: Mapping[str, str]) -> list[Fault]:
    """The faults of a report, none if every statement is tied to quotes that stand where they are said to.

    ``texts`` maps a snapshot's id to its stored text.
    """
    return [*_quotes(report, texts), *_statements(report), *_references(report)]


def sentences_of(report: Report) -> Iterator[tuple[str, Sentence]]:
    """Every sentence of a report with the place where it stands."""
    for number, sentence in enumerate(report.answer, start=1):
        yield f"answer, sentence {number}", sentence
    for section in report.sections:
        for number, sentence in enumerate(section.sentences, start=1):
            yield f"section {section.subquestion}, sentence {number}", sentence
    for number, pair in enumerate(report.disagreements, start=1):
        for sentence in pair:
            yield f"disagreement {number}", sentence


def _quotes(report: Report, texts: Mapping[str, str]) -> Iterator[Fault]:
    known = {snapshot.id for snapshot in report.snapshots}
    for item in report.evidence:
        where = f"evidence {item.id}"
        if item.snapshot not in known or item.snapshot not in texts:
            yield Fault(where=where, what="its page is not among the stored ones")
        elif not item.quote or texts[item.snapshot][item.start : item.end] != item.quote:
            yield Fault(where=where, what=f"the quote does not stand at {item.start}–{item.end}")


def _statements(report: Report) -> Iterator[Fault]:
    quotes = {item.id: item.quote for item in report.evidence}
    claims = {claim.id for claim in report.claims}
    said: set[str] = set()
    for where, sentence in sentences_of(report):
        missing = [name for name in sentence.evidence if name not in quotes]
        if missing:
            yield Fault(where=where, what=f"cites {', '.join(missing)}, which is not in the report")
        elif sentence.by_model:
            fault = ungrounded(sentence.text, [quotes[name] for name in sentence.evidence])
            if fault is not None:
                yield Fault(where=where, what=f"does not stand on its quotes: {fault}")
        elif not taken_from(sentence.text, quotes[sentence.evidence[0]]):
            yield Fault(where=where, what="is not worded after its first quote")
        if sentence.claim not in claims:
            yield Fault(where=where, what=f"belongs to {sentence.claim}, which is not in the report")
        if sentence.text in said and not where.startswith("disagreement"):
            yield Fault(where=where, what="was said before")
        said.add(sentence.text)


def _references(report: Report) -> Iterator[Fault]:
    pages = {item.id: item.snapshot for item in report.evidence}
    listed = {name: reference.snapshot for reference in report.references for name in reference.evidence}
    for name, page in pages.items():
        if listed.get(name) != page:
            yield Fault(where=f"evidence {name}", what="is not listed under its page's reference")
    numbers = [reference.number for reference in report.references]
    if numbers != list(range(1, len(numbers) + 1)):
        yield Fault(where="references", what="are not numbered 1, 2, 3, …")


def taken_from(statement: str, quote: str) -> bool:
    """Whether a statement only leaves words out of its quote: its words are the quote's, in order, letter case apart."""
    words = iter(_words(quote))
    return all(word in words for word in _words(statement))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", squeeze(text).casefold())
