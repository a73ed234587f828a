"""The answers of several providers made one list: reciprocal rank fusion, every page once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from synapse.contracts.evidence import Source
from synapse.research.rank import canonical

RANK_OFFSET: Final = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): damps the weight of the very first ranks."""


def fuse(lists: Iterable[Sequence[Source]]) -> list[Source]:
    """What several lists rank high comes first. A page has the words of the list that ranks it best; words it lacks come from the others.

    The order of the lists makes no difference. The scores of a single list are left as they are.
    """
    ranked = [each for each in map(_once, lists) if each]
    if len(ranked) == 1:
        return list(ranked[0].values())
    scores: dict[str, float] = {}
    met: dict[str, list[tuple[int, str, str, Source]]] = {}
    for sources in ranked:
        for place, (key, source) in enumerate(sources.items(), start=1):
            met.setdefault(key, []).append((place, source.provider, source.url, source))
    for key, hits in met.items():
        hits.sort(key=lambda hit: hit[:3])
        scores[key] = round(sum(1.0 / (RANK_OFFSET + place) for place, *_ in hits), 6)
    order = sorted(met, key=lambda key: (-scores[key], met[key][0][0], met[key][0][1], key))
    return [_merged([source for *_, source in met[key]], scores[key]) for key in order]


def _once(sources: Sequence[Source]) -> dict[str, Source]:
    """By page, in order; of two spellings of an address in one list the first."""
    found: dict[str, Source] = {}
    for source in sources:
        found.setdefault(canonical(source.url), source)
    return found


def _merged(hits: Sequence[Source], score: float) -> Source:
    best = hits[0]
    return best.model_copy(
        update={
            "title": next((hit.title for hit in hits if hit.title), ""),
            "snippet": next((hit.snippet for hit in hits if hit.snippet), ""),
            "published": next((hit.published for hit in hits if hit.published), None),
            "score": score,
        }
    )
