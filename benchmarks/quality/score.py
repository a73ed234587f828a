"""The measures, apart from what they measure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product

_SHINGLE = 4
_WORD = re.compile(r"\w+")


def mean(values: Iterable[float]) -> float:
    """The arithmetic mean, 0 of nothing."""
    known = list(values)
    return math.fsum(known) / len(known) if known else 0.0


def f1(precision: float, recall: float) -> float:
    """The harmonic mean of the two."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Runs of four words and how often each occurs; a shorter text is one run."""
    words = _WORD.findall(text)
    return Counter(tuple(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1))) if words else Counter()


def text_overlap(found: str, truth: str) -> tuple[float, float]:
    """(precision, recall) of a text in shingles; of an empty one 0."""
    mine, theirs = shingles(found), shingles(truth)
    shared = (mine & theirs).total()
    return shared / (mine.total() or 1), shared / (theirs.total() or 1)


def best_f1(found: Collection[int], accepted: Iterable[Collection[int]]) -> float:
    """F1 of a set against the one of several accepted sets that it fits best."""
    mine = set(found)
    return max((2 * len(mine & set(one)) / (len(mine) + len(set(one)) or 1) for one in accepted), default=0.0)


def auroc(of_true: Sequence[float], of_false: Sequence[float]) -> float:
    """How often a true one scores above a false one; a tie is half. 0.5 when there are none of a kind."""
    pairs = len(of_true) * len(of_false)
    won = math.fsum((one > other) + 0.5 * (one == other) for one, other in product(of_true, of_false))
    return won / pairs if pairs else 0.5


def ndcg(ranked: Sequence[str], grades: Mapping[str, float], depth: int = 10) -> float:
    """Discounted gain of the first so many, over that of the best order; 0 when nothing is relevant."""
    gain = math.fsum(grades.get(name, 0) / math.log2(place + 2) for place, name in enumerate(ranked[:depth]))
    best = math.fsum(grade / math.log2(place + 2) for place, grade in enumerate(sorted(grades.values(), reverse=True)[:depth]))
    return gain / best if best else 0.0
