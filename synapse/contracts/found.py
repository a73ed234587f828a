"""What searching the evidence of reports gives."""

from __future__ import annotations

from pydantic import Field

from synapse.contracts.evidence import Frozen, Verdict


class FoundQuote(Frozen):
    """A quote and its place: ``text[start:end] == quote`` of the stored page."""

    evidence: str = Field(description="Id of the evidence, stable within its run.")
    quote: str
    snapshot: str = Field(description="sha256 of the stored page.")
    start: int
    end: int
    url: str
    title: str = ""


class FoundClaim(Frozen):
    """A claim that a report rests on."""

    run: str
    claim: str = Field(description="Id of the claim, stable within its run.")
    text: str
    verdict: Verdict
    score: float = Field(description="How much of the query it is about, between 0 and 1.")
    quotes: tuple[FoundQuote, ...]


class EvidencePage(Frozen):
    """Claims, best first."""

    claims: tuple[FoundClaim, ...]
    searched: int = Field(description="Reports that were looked through.")
    next: str | None = Field(default=None, description="Cursor for older reports; null when there are none.")
