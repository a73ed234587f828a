"""Whether a question asks for what is new, and the preference that dated sources then have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from synapse.contracts.evidence import Source
from synapse.mcp_servers.fusion import RANK_OFFSET

_NEW: Final = re.compile(
    r"\b(?:latest|newest|recent(?:ly)?|current(?:ly)?|today|nowadays|up[- ]to[- ]date|so far|th(?:is|e last|e past) (?:week|month|year)"
    r"|neueste\w*|aktuell\w*|heute|derniers?|dernières?|récent\w*|últim[oa]s?|reciente\w*)\b",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(r"\b(?:19[5-9]\d|20\d\d)\b")
_BOOST: Final = 0.25
"""At most so much is added to a score: a page of today overtakes undated ones some fifteen ranks above it, not a whole list."""
_HALF_LIFE: Final = 365.0


@dataclass(frozen=True)
class Wish:
    """Pages of these years, or, when there are none, pages as new as can be."""

    today: date
    years: frozenset[int] = frozenset()


def wished(query: str, today: date) -> Wish | None:
    """What a question says of time; None when it says nothing."""
    years = frozenset(int(year) for year in _YEAR.findall(query) if int(year) <= today.year + 1)
    return Wish(today, years) if years or _NEW.search(query) else None


def preferred(sources: Sequence[Source], wish: Wish | None) -> list[Source]:
    """The same sources; those whose date is wished for move up, undated ones are left where their rank puts them."""
    if wish is None:
        return list(sources)
    weights = [(1.0 + _BOOST * fitness(source.published, wish)) / (RANK_OFFSET + place) for place, source in enumerate(sources, start=1)]
    order = sorted(range(len(sources)), key=lambda at: -weights[at])
    return [sources[at] for at in order]


def fitness(published: str | None, wish: Wish) -> float:
    """From 0, for no date or one of the future, to 1."""
    if published is None:
        return 0.0
    try:
        year, month, day = (*(int(part) for part in published.split("-")), 7, 1)[:3]
        age = (wish.today - date(year, month, day)).days
    except ValueError:
        return 0.0
    if wish.years:
        return 1.0 if year in wish.years else 0.0
    # A year alone counts from its middle, which may be ahead of today.
    if age < -1 and year != wish.today.year:
        return 0.0
    return float(0.5 ** (max(0, age) / _HALF_LIFE))
