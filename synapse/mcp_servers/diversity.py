"""Several voices among the first results: one domain's pages beyond a few come after the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from synapse.contracts.evidence import Source
from synapse.research.origin import origin_of

MOST: Final = 3


def spread(sources: Sequence[Source], among: int, most: int = MOST) -> list[Source]:
    """The same sources, of which at most ``most`` of one registrable domain are among the first ``among``, as long as there are others.

    Nothing is dropped, and the order is kept otherwise. Documents of a corpus are not counted: a corpus is asked for all it has.
    """
    first: list[Source] = []
    demoted: list[Source] = []
    voices: Counter[str] = Counter()
    for place, source in enumerate(sources):
        if len(first) == among:
            return [*first, *demoted, *sources[place:]]
        voice = origin_of(source.url) if source.url.startswith(("http://", "https://")) else ""
        if voice and voices[voice] == most:
            demoted.append(source)
            continue
        voices[voice] += 1
        first.append(source)
    return [*first, *demoted]
