"""What a search provider is, and how the answers of several become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from synapse.contracts.evidence import Source

_RANK_OFFSET: Final = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): damps the weight of the very first ranks."""


class SearchProvider(Protocol):
    """Finds sources for a query."""

    @property
    def name(self) -> str:
        """As it is named in results and failures, e.g. 'searxng'."""

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """At most ``limit`` sources, best first, and 'part: reason' for parts that failed.

        Raises `synapse.errors.SynapseError` when it failed as a whole.
        """


def fused(lists: Sequence[Sequence[Source]], limit: int) -> list[Source]:
    """One list by reciprocal rank: what several providers rank high comes first. A source met twice keeps its first words.

    The scores of a single list are left as they are.
    """
    lists = [sources for sources in lists if sources]
    if len(lists) == 1:
        return list(lists[0][:limit])
    scores: dict[str, float] = {}
    first: dict[str, Source] = {}
    for sources in lists:
        for position, source in enumerate(sources, start=1):
            key = same_page(source.url)
            first.setdefault(key, source)
            scores[key] = scores.get(key, 0.0) + 1.0 / (_RANK_OFFSET + position)
    order = sorted(scores, key=lambda key: -scores[key])
    return [first[key].model_copy(update={"score": round(scores[key], 6)}) for key in order[:limit]]


def same_page(url: str) -> str:
    """A key under which spellings of one address meet: no fragment, no final slash, one scheme for the web."""
    return url.partition("#")[0].rstrip("/").replace("http://", "https://", 1)
