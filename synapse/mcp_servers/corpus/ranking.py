"""Which documents answer best, from the sections that matched: FTS5's BM25 proposes, coverage of the question disposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synapse.mcp_servers.corpus.query import Term

TITLE_WEIGHT = 3.0
HEADING_WEIGHT = 3.0
BODY_WEIGHT = 1.0
CANDIDATES = 80
"""Sections looked at closely; more cost time and change the first ten hardly ever."""


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
    """A document and the section that spoke for it."""

    candidate: Candidate
    score: float


def rank(candidates: Sequence[Candidate], terms: Sequence[Term]) -> list[Ranked]:
    """Documents, best first. A document is as good as its best section, and a little better for each further one."""
    total = sum(term.weight for term in terms) or 1.0
    ranked: dict[int, Ranked] = {}
    for candidate in candidates:
        body = candidate.text.lower()
        names = f"{candidate.title} {candidate.heading}".lower()
        in_names = sum(term.weight for term in terms if term.pattern.search(names))
        covered = sum(term.weight for term in terms if term.pattern.search(body) or term.pattern.search(names))
        score = candidate.bm25 * (0.35 + 0.65 * (covered / total) ** 1.5) * (1 + 0.3 * in_names / total)
        known = ranked.get(candidate.document)
        if known is None:
            ranked[candidate.document] = Ranked(candidate, score)
        elif score > known.score:
            ranked[candidate.document] = Ranked(candidate, score + 0.05 * known.score)
        else:
            known.score += 0.05 * score
    return sorted(ranked.values(), key=lambda entry: (-entry.score, entry.candidate.path))
