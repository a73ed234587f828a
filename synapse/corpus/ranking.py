"""Which documents answer best, from the sections that matched: FTS5's BM25 proposes, coverage of the question disposes.

The constants were tried on the odd queries of the Cranfield collection and on thirty questions about Python's and PostgreSQL's
documentation; around these values little changes. Half of a document's final score is how much it has the words of the best ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from synapse.corpus.feedback import likeness
from synapse.corpus.query import Term

TITLE_WEIGHT: Final = 2.0
HEADING_WEIGHT: Final = 2.0
BODY_WEIGHT: Final = 1.0
CANDIDATES: Final = 60
"""Sections looked at closely; more cost time and change the first ten hardly ever."""

_LIKENESS: Final = 0.5
"""Of a document's score, the part that says how alike it is to the best ones."""
_COVERAGE_FLOOR: Final = 0.5
_NAMES_BONUS: Final = 0.4
_FURTHER: Final = (0.10, 0.05, 0.03)
"""What a document's second, third and fourth best sections add: breadth counts, but a hundred of them do not make an answer."""


@dataclass(frozen=True)
class Candidate:
    """A section that matched."""

    document: int
    path: str
    title: str
    heading: str
    text: str
    bm25: float
    """Positive; more is better."""


@dataclass
class Ranked:
    """A document and the section that spoke best for it."""

    candidate: Candidate
    score: float
    further: list[float] = field(default_factory=list)


def rank(candidates: Sequence[Candidate], terms: Sequence[Term]) -> list[Ranked]:
    """Documents, best first."""
    total = sum(term.weight for term in terms) or 1.0
    scored = sorted(((_score(candidate, terms, total), candidate) for candidate in candidates), key=lambda pair: -pair[0])
    ranked: dict[int, Ranked] = {}
    for score, candidate in scored:
        known = ranked.setdefault(candidate.document, Ranked(candidate, score))
        if known.candidate is not candidate and len(known.further) < len(_FURTHER):
            known.further.append(score)
    for entry in ranked.values():
        entry.score += sum(share * score for share, score in zip(_FURTHER, entry.further, strict=False))
    return _looked_at_again(sorted(ranked.values(), key=_order))


def _order(entry: Ranked) -> tuple[float, str]:
    return -entry.score, entry.candidate.path


def _looked_at_again(ranked: list[Ranked]) -> list[Ranked]:
    """The same documents in the order of their own score and of how alike they are to the best; the scale stays."""
    alike = likeness([f"{entry.candidate.title} {entry.candidate.text}" for entry in ranked], [entry.score for entry in ranked])
    top = ranked[0].score if ranked else 0.0
    for entry, share in zip(ranked, alike, strict=True):
        entry.score = (1 - _LIKENESS) * entry.score + _LIKENESS * top * share
    return sorted(ranked, key=_order)


def _score(candidate: Candidate, terms: Sequence[Term], total: float) -> float:
    body = candidate.text.lower()
    names = f"{candidate.title} {candidate.heading}".lower()
    in_names = [term.occurs_in(names) for term in terms]
    named = sum(term.weight for term, there in zip(terms, in_names, strict=True) if there)
    covered = sum(term.weight for term, there in zip(terms, in_names, strict=True) if there or term.occurs_in(body))
    coverage = _COVERAGE_FLOOR + (1 - _COVERAGE_FLOOR) * (covered / total)
    return candidate.bm25 * coverage * (1 + _NAMES_BONUS * named / total)
