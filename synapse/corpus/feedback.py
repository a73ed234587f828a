"""A second look at what was found: documents that share their words with the best ones answer the same question in other words.

Pseudo-relevance feedback on the candidates alone: no second query, so it costs the reading of their text and nothing of the index.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from synapse.corpus.query import STOP_WORDS
from synapse.research.text import stem

BEST: Final = 5
"""So many of the first are taken to be answers."""
WORDS: Final = 20
"""So many of their words are looked for in the others."""
_SATURATION: Final = 1.2
_LENGTH: Final = 0.75
_LONGEST: Final = 3_000
"""Code points read of each; the beginning of a section says what it is about."""
_WORD = re.compile(r"[^\W_]{3,}")


def likeness(texts: Sequence[str], scores: Sequence[float]) -> list[float]:
    """How much each text, best first, has the words of the best ones; 0..1, and 1 for the one that has them most.

    ``scores`` say how much each of the best ones is believed. Raises ValueError unless there is one for each text.
    """
    bags = [_bag(text) for text in texts]
    lengths = [bag.total() or 1 for bag in bags]
    average = sum(lengths) / (len(lengths) or 1)
    wanted: dict[str, float] = defaultdict(float)
    for bag, length, score in list(zip(bags, lengths, scores, strict=True))[:BEST]:
        for word, count in bag.items():
            wanted[word] += score * count / length
    words = sorted(wanted.items(), key=lambda pair: (-pair[1], pair[0]))[:WORDS]
    found = [
        sum(worth * _saturated(bag[word], length / average) for word, worth in words if word in bag)
        for bag, length in zip(bags, lengths, strict=True)
    ]
    most = max(found, default=0.0)
    return [value / most if most > 0 else 0.0 for value in found]


def _saturated(count: int, length: float) -> float:
    """BM25's part of a word: repeating it adds less and less, and less in a long text (``length`` in average ones)."""
    return count / (count + _SATURATION * (1 - _LENGTH + _LENGTH * length))


def _bag(text: str) -> Counter[str]:
    bag: Counter[str] = Counter()
    for word, count in Counter(_WORD.findall(text[:_LONGEST].lower())).items():
        if word not in STOP_WORDS:
            bag[stem(word)] += count
    return bag
