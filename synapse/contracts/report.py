"""The report: sentences, each tied to evidence. Its JSON schema is published; Markdown and HTML are drawn from it."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from synapse.contracts.evidence import Claim, Evidence, Frozen, Snapshot, SubQuestion, Verdict


class Sentence(Frozen):
    """One statement of the report. It cannot be built without a citation."""

    text: str
    evidence: tuple[str, ...] = Field(min_length=1)
    claim: str
    verdict: Verdict


class Section(Frozen):
    """What was found for one sub-question."""

    subquestion: str
    heading: str
    sentences: tuple[Sentence, ...]


class Reference(Frozen):
    """A numbered source of the report and the spans it is cited for."""

    number: int
    snapshot: str
    title: str
    url: str
    origin: str
    published: str | None
    fetched_at: datetime
    evidence: tuple[str, ...]


class Missed(Frozen):
    """A source that could not be read, or a search that failed, and why."""

    what: str
    reason: str


class Report(Frozen):
    """Everything a reader, or a program, needs to check every statement."""

    schema_version: str = "1"
    question: str
    answer: tuple[Sentence, ...] = Field(description="The best sentences over all sub-questions; empty when nothing was found.")
    sections: tuple[Section, ...]
    disagreements: tuple[tuple[Sentence, Sentence], ...] = ()
    unanswered: tuple[SubQuestion, ...] = Field(default=(), description="Sub-questions for which no evidence was found.")
    missed: tuple[Missed, ...] = ()
    references: tuple[Reference, ...]
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    snapshots: tuple[Snapshot, ...]
