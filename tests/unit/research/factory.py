"""Small documents, claims and reports for the tests of the core."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from synapse.contracts.evidence import Snapshot, SubQuestion
from synapse.contracts.report import Missed, Report
from synapse.research.compose import compose
from synapse.research.ledger import Ledger, build
from synapse.research.passages import Document
from synapse.research.plan import plan

READ_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def document(text: str, url: str = "https://example.org/page", title: str = "", origin: str | None = None) -> Document:
    name = hashlib.sha256(text.encode()).hexdigest()
    host = url.split("/")[2]
    snapshot = Snapshot(id=name, url=url, title=title, origin=origin or host, fetched_at=READ_AT, length=len(text))
    return Document(snapshot, text)


def question(text: str, query: str | None = None, name: str = "q1") -> SubQuestion:
    return SubQuestion(id=name, text=text, query=query or plan(text)[0].query)


def ledger(asked: str, documents: Sequence[Document]) -> tuple[list[SubQuestion], Ledger]:
    parts = plan(asked)
    return parts, build(parts, documents)


def report(asked: str, documents: Sequence[Document], missed: Sequence[Missed] = ()) -> tuple[Report, Mapping[str, str]]:
    parts, found = ledger(asked, documents)
    made = compose(asked, parts, found.claims, found.evidence, [each.snapshot for each in documents], missed=missed)
    return made, {each.snapshot.id: each.text for each in documents}


TIDES = """Tides

Tides are the rise and fall of sea levels caused by the gravitational pull of the Moon and the Sun.

The Moon pulls the water of the oceans more strongly on the side of the Earth that faces it.

Spring tides occur when the Sun, the Moon and the Earth stand in a line.

Neap tides occur when the Sun and the Moon pull at right angles, which makes the tides weaker.

This effect is discussed in the following section.

See also: Currents."""

MORE_TIDES = """Why tides happen

However, spring tides occur when the Sun, the Moon and the Earth stand in a line with each other.

Tides are caused because the gravity of the Moon stretches the oceans.

Fishermen read tide tables before they leave the harbour."""

OLD_RULES = "Employees receive 23 days of leave a year."
NEW_RULES = "Employees receive 26 days of leave a year."


def changed(asked: str = "How many days of leave do employees receive?") -> tuple[Report, Mapping[str, str]]:
    """A report on two editions of one document, of which the newer says otherwise."""
    old, new = (document(text, f"corpus://h/hr/leave-{year}.md", "Leave") for text, year in ((OLD_RULES, 2023), (NEW_RULES, 2025)))
    return report(asked, [old, new])
