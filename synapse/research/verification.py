"""A stored report checked again: its pages by their sha256, its quotes in them, and its sources as they read today."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from synapse.contracts.report import Reference, Report
from synapse.contracts.verification import Check, Finding, Revisited, Today
from synapse.research.citations import check, sentences_of
from synapse.research.paging import pages_of
from synapse.research.text import squeeze


def is_named(data: bytes, sha256: str) -> bool:
    """Whether bytes are those that were stored under that name."""
    return hashlib.sha256(data).hexdigest() == sha256


def checks_of(report: Report, stored: Mapping[str, bytes | None]) -> tuple[Check, ...]:
    """Every check of a report. ``stored`` has the bytes under each snapshot's id, None where there are none."""
    texts = {name: text for name, data in stored.items() if data is not None and (text := _text(data)) is not None}
    quotes: list[Finding] = []
    sentences: list[Finding] = []
    references: list[Finding] = []
    for fault in check(report, texts):
        about_references = fault.where == "references" or fault.what.startswith("is not listed")
        kind = references if about_references else quotes if fault.where.startswith("evidence ") else sentences
        kind.append(Finding(where=fault.where, what=fault.what))
    return (
        Check(name="snapshots", checked=len(report.snapshots), findings=tuple(_snapshots(report, stored))),
        Check(name="quotes", checked=len(report.evidence), findings=tuple(quotes)),
        Check(name="sentences", checked=sum(1 for _ in sentences_of(report)), findings=tuple(sentences)),
        Check(name="references", checked=len(report.references), findings=(*references, *_pages(report))),
    )


def revisited(reference: Reference, report: Report, stored: str | None, today: str) -> Revisited:
    """What became of a source: ``stored`` is its text as it was cited, None when that is lost; ``today`` its text as it is now."""
    quotes = {item.id: item.quote for item in report.evidence}
    now = squeeze(today)
    gone = tuple(
        Finding(where=f"evidence {name}", what=quotes[name])
        for name in reference.evidence
        if name in quotes and squeeze(quotes[name]) not in now
    )
    state = Today.QUOTES_GONE if gone else Today.UNCHANGED if today == stored else Today.CHANGED
    return Revisited(number=reference.number, url=reference.url, today=state, quotes=gone)


def unreadable(reference: Reference, why: str) -> Revisited:
    """A source that could not be read again."""
    return Revisited(number=reference.number, url=reference.url, today=Today.GONE, error=why)


def holds(checks: Sequence[Check], sources: Sequence[Revisited]) -> bool:
    """Whether nothing was found."""
    return not any(each.findings for each in checks) and all(each.today in (Today.UNCHANGED, Today.CHANGED) for each in sources)


def _snapshots(report: Report, stored: Mapping[str, bytes | None]) -> Iterator[Finding]:
    for snapshot in report.snapshots:
        where, data = f"snapshot {snapshot.id[:12]}… of {snapshot.url}", stored.get(snapshot.id)
        if data is None:
            yield Finding(where=where, what="is not stored any more")
            continue
        text = _text(data)
        if not is_named(data, snapshot.id):
            yield Finding(where=where, what="was changed: its bytes have another sha256")
        elif text is None or len(text) != snapshot.length:
            yield Finding(where=where, what=f"is not a text of {snapshot.length} characters")


def _pages(report: Report) -> Iterator[Finding]:
    starts = {snapshot.id: snapshot.pages for snapshot in report.snapshots}
    spans = {item.id: (item.start, item.end) for item in report.evidence}
    for reference in report.references:
        of = starts.get(reference.snapshot, ())
        right = tuple(pages_of(of, *spans[name]) for name in reference.evidence if name in spans) if of else ()
        if reference.pages != right:
            yield Finding(where=f"reference {reference.number}", what="names other pages than those on which its quotes stand")


def _text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
