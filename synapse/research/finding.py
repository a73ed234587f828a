"""Which claims of a report a few words are about. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from synapse.contracts.evidence import Claim, Evidence
from synapse.contracts.found import FoundClaim, FoundQuote
from synapse.contracts.report import Report
from synapse.research.text import terms

_IN_QUOTE: Final = 0.7
"""Of a word's weight, when it is not in the claim but in a quote that it rests on."""


def words_of(query: str) -> frozenset[str]:
    """What is looked for; empty when the query has only words that stand everywhere."""
    return frozenset(terms(query))


def found(run: str, report: Report, wanted: frozenset[str]) -> list[FoundClaim]:
    """The claims of a report that have any of the words, best first."""
    evidence = {each.id: each for each in report.evidence}
    pages = {each.id: each for each in report.snapshots}
    hits = []
    for claim in report.claims:
        cited = [evidence[each] for each in claim.evidence if each in evidence]
        score = _score(claim, cited, wanted)
        if score > 0:
            quotes = tuple(
                FoundQuote(
                    evidence=each.id,
                    quote=each.quote,
                    snapshot=each.snapshot,
                    start=each.start,
                    end=each.end,
                    url=pages[each.snapshot].url if each.snapshot in pages else "",
                    title=pages[each.snapshot].title if each.snapshot in pages else "",
                )
                for each in cited
            )
            hits.append(FoundClaim(run=run, claim=claim.id, text=claim.text, verdict=claim.verdict, score=round(score, 3), quotes=quotes))
    return best(hits)


def best(claims: Iterable[FoundClaim]) -> list[FoundClaim]:
    """The better first; of equals the one that came first."""
    return sorted(claims, key=lambda claim: -claim.score)


def _score(claim: Claim, cited: Iterable[Evidence], wanted: frozenset[str]) -> float:
    said = frozenset(terms(claim.text))
    quoted = frozenset(term for each in cited for term in terms(each.quote))
    return sum(1.0 if word in said else _IN_QUOTE if word in quoted else 0.0 for word in wanted) / max(1, len(wanted))
