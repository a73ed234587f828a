"""The evidence ledger's words: source → snapshot → sentence at an offset → claim → verdict.

Offsets are counted in Unicode code points of the snapshot's text, end exclusive, so that
``text[start:end] == quote`` holds for every piece of evidence, today and when it is re-checked.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Frozen(BaseModel):
    """A value: equal by content, never changed, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SubQuestion(Frozen):
    """One thing to find out on the way to the answer."""

    id: str = Field(description="Stable within the plan, e.g. 'q1'.")
    text: str = Field(description="The question as a person would read it.")
    query: str = Field(description="The words to search for.")


class Source(Frozen):
    """A search hit: a place that may hold an answer. Nothing of it has been read yet."""

    url: str
    title: str = ""
    snippet: str = ""
    provider: str = Field(description="Who found it, e.g. 'corpus' or 'searxng'.")
    score: float = Field(default=0.0, description="The provider's own score; comparable only within one result list.")
    published: str | None = Field(
        default=None, exclude_if=lambda value: value is None, description="As the provider states it: an ISO date, or a year."
    )


class Found(Frozen):
    """What one sub-question's search gave, best first, and which providers could not be asked."""

    subquestion: str = Field(description="Id of the sub-question.")
    sources: tuple[Source, ...] = ()
    failed: tuple[str, ...] = Field(default=(), description="'provider: reason' for each that failed.")


class RankedSource(Frozen):
    """A source chosen to be read, and the sub-questions that led to it."""

    url: str
    title: str = ""
    snippet: str = ""
    provider: str
    score: float = Field(description="Fused over all result lists; higher is better, comparable within one ranking.")
    subquestions: tuple[str, ...] = Field(default=(), description="Ids, the one that ranked it best first.")


class Page(Frozen):
    """What browsing a URL gave: its main text and where it came from."""

    url: str = Field(description="As asked for.")
    final_url: str = Field(description="After redirects.")
    title: str = ""
    text: str = Field(description="Main text, paragraphs separated by a blank line; headings as lines of their own.")
    media_type: str = "text/html"
    fetched_at: datetime
    published: str | None = Field(default=None, description="As the page states it, ISO date where possible.")
    authors: tuple[str, ...] = ()
    language: str | None = None
    pages: tuple[int, ...] = Field(default=(), description="Offsets in the text at which the document's pages start; empty if it has none.")


class Snapshot(Frozen):
    """A page's main text, stored once under the sha256 of its UTF-8 text."""

    id: str = Field(description="sha256 of the text, lower-case hex; also the blob's name.", pattern=r"^[0-9a-f]{64}$")
    url: str = Field(description="The final URL.")
    title: str = ""
    origin: str = Field(description="Registrable domain, or document family for a local corpus: what counts as one voice.")
    media_type: str = "text/html"
    fetched_at: datetime
    published: str | None = None
    authors: tuple[str, ...] = Field(default=(), description="As the document states them.")
    language: str | None = Field(default=None, description="Code of the language that the document states, e.g. 'en'.")
    length: int = Field(description="Code points of the stored text.")
    pages: tuple[int, ...] = Field(default=(), description="Offsets in the text at which the document's pages start; empty if it has none.")
    subquestions: tuple[str, ...] = Field(default=(), description="Ids of the sub-questions that led here.")


class Evidence(Frozen):
    """A quote at its offset: ``snapshot text[start:end] == quote``, always."""

    id: str = Field(description="Stable within the run, e.g. 'e12'.")
    snapshot: str = Field(description="Snapshot id.")
    start: int = Field(ge=0)
    end: int
    quote: str


class Verdict(StrEnum):
    """What the evidence says of a claim."""

    CORROBORATED = "corroborated"
    SINGLE_SOURCE = "single_source"
    CONFLICT = "possible_conflict"
    SUPERSEDED = "superseded"


class Claim(Frozen):
    """A statement that stands alone, with the evidence it rests on."""

    id: str = Field(description="Stable within the run, e.g. 'c3'.")
    text: str
    subquestion: str
    score: float = Field(description="Salience to its sub-question; higher is better.")
    evidence: tuple[str, ...] = Field(description="Evidence ids, the one it is worded after first.", min_length=1)
    origins: tuple[str, ...] = Field(description="Independent origins that say so.", min_length=1)
    verdict: Verdict
    conflicts_with: tuple[str, ...] = Field(default=(), description="Ids of claims that may say otherwise.")
    by_model: bool = Field(default=False, description="Whether a language model worded it; otherwise its words are its first quote's.")
    superseded_by: tuple[str, ...] = Field(default=(), description="Ids of claims of newer editions that say otherwise.")
    as_of: str | None = Field(default=None, description="The date that the quoted document states for itself, ISO, as far as it does.")


class SkipReason(BaseModel):
    """Why a member of a fan-out gave nothing. Fields that the engine adds later are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str = "step-failed"
    message: str = ""


class Skipped(BaseModel):
    """A member of a fan-out that was dropped instead of failing the run. Fields that the engine adds later are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    index: int = Field(description="Its place in the fan-out.")
    step: str = Field(default="", description="Path of the step that failed, e.g. 'read[3]'.")
    error: SkipReason = Field(default_factory=SkipReason)
    item: JsonValue = Field(default=None, description="What it was to work on: a sub-question, a ranked source.")
