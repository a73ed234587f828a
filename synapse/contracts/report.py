"""The report: sentences, each tied to evidence. Its JSON schema is published; Markdown and HTML are drawn from it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import Field

from synapse.contracts.evidence import Claim, Evidence, Frozen, Snapshot, SubQuestion, Verdict

MARK: Final = "synapse-report"
"""What a report's files call themselves, so that no report is ever read as a source."""


class Sentence(Frozen):
    """One statement of the report. It cannot be built without a citation."""

    text: str
    evidence: tuple[str, ...] = Field(min_length=1)
    claim: str
    verdict: Verdict
    by_model: bool = Field(default=False, description="Whether a language model worded it; otherwise its words are its first quote's.")


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
    authors: tuple[str, ...] = ()
    language: str | None = None
    fetched_at: datetime
    evidence: tuple[str, ...]
    pages: tuple[tuple[int, int], ...] = Field(
        default=(), description="First and last page of each span, in the order of ``evidence``; empty for a source without pages."
    )


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
    notes: tuple[str, ...] = Field(default=(), description="What a language model did for it, and where it was not used and why.")
    references: tuple[Reference, ...]
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    snapshots: tuple[Snapshot, ...]


class StoredPage(Frozen):
    """A page that a report was written from, as it was read."""

    snapshot: Snapshot
    text: str = Field(description="What the offsets of evidence count in, by Unicode code points.")


class Outcome(StrEnum):
    """What a research run came to. Both are results: an honest nothing is one too."""

    REPORT = "report"
    NO_EVIDENCE = "no_evidence"

    @classmethod
    def of(cls, report: Report) -> Outcome:
        """The outcome that a report stands for."""
        return cls.REPORT if report.answer else cls.NO_EVIDENCE


class Counts(Frozen):
    """How much is in a report."""

    sentences: int = Field(description="In the answer and the sections.")
    claims: int
    sources: int = Field(description="Pages read.")
    cited: int = Field(description="Pages cited.")
    corroborated: int = Field(description="Sentences that independent origins agree on.")
    disagreements: int
    missed: int = Field(description="Searches that failed and pages that could not be read.")
