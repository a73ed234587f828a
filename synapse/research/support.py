"""How far the sentences of a page support a statement that somebody else worded, and which of them do.

The statement's content words are looked for, rare ones counting most, names and figures double. Word pairs that stay together
count too when sentences are chosen, and a neighbour of a chosen sentence is preferred: evidence stands together. For the score, what
stands next to a chosen sentence counts in part. No meaning is understood: a sentence that says the opposite in the same words
scores as high.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from synapse.research.text import WORD, terms

# Choosing sentences: gains below these shares of the whole statement and of the first gain end it.
_LEAST_GAIN, _LEAST_OF_FIRST, _MOST_SENTENCES = 0.06, 0.3, 6
_PAIR, _AGAIN, _NEIGHBOUR, _ASIDE = 0.5, 0.15, 1.5, 0.7
# The score: what each further sentence's gain is worth, and what stands beside a sentence or about its page.
_NAMED, _FURTHER, _BESIDE, _ABOUT = 2.0, 0.6, 0.8, 0.3
_SAME_BEGINNING = 0.8

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
_TIMESTAMP = re.compile(r"\b(\d{4})-(0[1-9]|1[0-2])-(\d\d)(?:T\S*)?")
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905 - a line, not twelve
_COUNTED = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ORDERED = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")

Shares = Mapping[int, float]
"""Sentence → how far it has a word, 0..1; sentences without it are absent."""


@dataclass(frozen=True, slots=True)
class Backing:
    """What a page has for a statement."""

    sentences: tuple[int, ...]
    """Places of the sentences that support it, strongest first."""
    score: float
    """From 0 (no word of it is there) to 1 (one sentence has them all)."""


def backing(statement: str, sentences: Sequence[str], asides: Collection[int] = ()) -> Backing:
    """Which of a page's sentences support the statement, and how far together; about 7 ms for a hundred sentences.

    ``asides`` are the places of lines about the page, such as its title and date: they help every sentence, and support little alone.
    """
    words = list(dict.fromkeys(_words(statement)))
    bags = [frozenset(_words(sentence)) for sentence in sentences]
    found = _found(words, bags)
    weights = [_rarity(shares, len(bags)) for shares in found]
    together = [{at: share * second[at] for at, share in first.items() if at in second} for first, second in pairwise(found)]
    pairs = [_PAIR * _rarity(shares, len(bags)) for shares in together]
    chosen = _choose([*weights, *pairs], [*found, *together], frozenset(asides))
    named = _named(statement)
    weights = [weight * (_NAMED if word in named else 1.0) for word, weight in zip(words, weights, strict=True)]
    return Backing(tuple(chosen), _score(weights, [_in_context(shares, len(bags), asides) for shares in found]))


def _words(text: str) -> list[str]:
    """Stems of the content words; numbers and dates in one spelling, whichever the text has."""
    text = _TIMESTAMP.sub(lambda date: f"{date[1]} {_MONTHS[int(date[2]) - 1]} {int(date[3])}", text)
    text = _ORDINAL.sub(r"\1", _THOUSANDS.sub("", text))
    return [_FIGURES.get(word, word) for word in terms(text)]


# The stems of number words, as `terms` leaves them.
_FIGURES = {
    stem: str(number)
    for names, least in ((_COUNTED, 0), (_ORDERED, 1))
    for number, name in enumerate(names, start=least)
    for stem in terms(name)
}


def _named(statement: str) -> frozenset[str]:
    """The words of a statement that a page must have: figures, and what is written with a capital inside the sentence."""
    later = (word for word in WORD.findall(statement)[1:] if word[0].isupper())
    return frozenset(term for word in later for term in _words(word)) | {term for term in _words(statement) if term[0].isdigit()}


def _found(words: Iterable[str], bags: Sequence[frozenset[str]]) -> list[Shares]:
    """Per word of the statement, the sentences that have it or a word with the same beginning."""
    places: dict[str, list[int]] = {}
    for at, bag in enumerate(bags):
        for word in bag:
            places.setdefault(word, []).append(at)
    found: list[Shares] = []
    for word in words:
        shares: dict[int, float] = {}
        for other, where in places.items():
            if share := _likeness(word, other):
                shares.update((at, max(share, shares.get(at, 0.0))) for at in where)
        found.append(shares)
    return found


def _likeness(one: str, other: str) -> float:
    """1 for the same stem, less for two that begin alike, as those of "investigate" and "investigator"; 0 for others."""
    if one == other:
        return 1.0
    if one[0] != other[0] or not (one.isalpha() and other.isalpha()):
        return 0.0
    longer, shared = max(len(one), len(other)), 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        shared += 1
    alike = (shared >= 5 and shared >= 0.6 * longer) or (shared >= 4 and shared >= 0.75 * longer)
    return _SAME_BEGINNING if alike else 0.0


def _rarity(shares: Shares, sentences: int) -> float:
    return math.log(1.0 + sentences / (len(shares) + 0.5))


def _choose(weights: Sequence[float], found: Sequence[Shares], asides: frozenset[int]) -> list[int]:
    """Sentences by how much each adds, until little is added."""
    whole = sum(weights) or 1.0
    covered = [0.0] * len(found)
    chosen: list[int] = []
    first = 0.0
    while len(chosen) < _MOST_SENTENCES:
        gains: dict[int, float] = defaultdict(float)
        for weight, shares, have in zip(weights, found, covered, strict=True):
            for at, share in shares.items():
                # A word that was found already confirms a little more.
                gains[at] += weight * (max(0.0, share - have) + _AGAIN * min(share, have))
        worth = {at: gain * _standing(at, chosen, asides) for at, gain in gains.items() if at not in chosen}
        best = max(worth, key=lambda at: (worth[at], -at), default=None)
        if best is None or worth[best] < max(_LEAST_GAIN * whole, _LEAST_OF_FIRST * first):
            break
        first = first or worth[best]
        chosen.append(best)
        covered = [max(have, shares.get(best, 0.0)) for have, shares in zip(covered, found, strict=True)]
    return chosen


def _standing(at: int, chosen: Sequence[int], asides: frozenset[int]) -> float:
    beside = any(abs(at - other) == 1 for other in chosen)
    return (_NEIGHBOUR if beside else 1.0) * (_ASIDE if at in asides else 1.0)


def _in_context(shares: Shares, sentences: int, asides: Collection[int]) -> Shares:
    """Shares with those of the sentences beside, and of what is said about the page, counted in part."""
    about = _ABOUT * max((shares.get(at, 0.0) for at in asides), default=0.0)
    if not shares:
        return shares
    near: dict[int, float] = dict.fromkeys(range(sentences), about) if about else {}
    for at, share in shares.items():
        for place, part in ((at, share), (at - 1, _BESIDE * share), (at + 1, _BESIDE * share)):
            if 0 <= place < sentences:
                near[place] = max(part, near.get(place, 0.0))
    return near


def _score(weights: Sequence[float], found: Sequence[Shares]) -> float:
    """The weight that the best sentences cover; what only further ones add counts less and less."""
    whole = sum(weights)
    if not whole:
        return 0.0
    covered = [0.0] * len(found)
    score, worth = 0.0, 1.0
    for _ in range(_MOST_SENTENCES):
        gains: dict[int, float] = defaultdict(float)
        for weight, shares, have in zip(weights, found, covered, strict=True):
            for at, share in shares.items():
                gains[at] += weight * max(0.0, share - have)
        best = max(gains, key=lambda at: (gains[at], -at), default=None)
        if best is None or not gains[best]:
            break
        score += worth * gains[best]
        worth *= _FURTHER
        covered = [max(have, shares.get(best, 0.0)) for have, shares in zip(covered, found, strict=True)]
    return min(1.0, score / whole)
