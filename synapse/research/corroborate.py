"""Who else says so, and who says otherwise.

Two pages of one origin are one voice, and so are two pages that copy each other. A conflict is called only
between sentences that are otherwise the same, word for word as far as it matters: a false alarm costs the
reader's trust in all the true ones.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from synapse.contracts.evidence import Verdict
from synapse.research.editions import Editions
from synapse.research.passages import Index, Passage
from synapse.research.quantities import LABELLED, differ, quantities, unmatched, without
from synapse.research.text import terms

_SAME_STATEMENT = 0.72
_ALIGNED = 0.8
_COPIED_WORDS = 9
_MIRROR = 0.6

_NEGATION = re.compile(r"\b(?:not|never|no|cannot|without|none|neither|nor|unable|impossible|\w+n['’]t)\b", re.IGNORECASE)
_CONDITIONAL = re.compile(
    r"\b(?:if|unless|when|except|before|prior to|since|in version|as of|until|may|might|could|sometimes|usually|often|some|most)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Support:
    """The passages that say what a claim says, the claim's own first, and the independent voices among them."""

    passages: tuple[int, ...]
    origins: tuple[str, ...]
    verdict: Verdict


def voices(indexed: Index, known: Editions | None = None) -> list[str]:
    """Per document, the origin it counts as: pages that share most of their sentences, and editions, count as the first one's."""
    names = [document.snapshot.origin for document in indexed.documents]
    if known is not None:
        names = [names[known.family(at)] for at in range(len(names))]
    lines: list[set[str]] = [set() for _ in indexed.documents]
    for passage in indexed.passages:
        if len(passage.words) >= 4:
            lines[passage.document].add(" ".join(passage.words))
    for later in range(len(names)):
        for earlier in range(later):
            smaller = min(len(lines[later]), len(lines[earlier]))
            if smaller >= 3 and len(lines[later] & lines[earlier]) >= _MIRROR * smaller:
                names[later] = names[earlier]
                break
    return names


def support(indexed: Index, at: int, usable: Callable[[int], bool], names: Sequence[str]) -> Support:
    """What else among the ``usable`` passages makes the statement of passage ``at``."""
    claim = indexed.passages[at]
    own = names[claim.document]
    found, origins = [at], [own]
    for other in sharing_half(indexed, claim.bag):
        passage = indexed.passages[other]
        if other == at or not same_statement(indexed, claim, passage) or not usable(other):
            continue
        voice = names[passage.document]
        found.append(other)
        # A long run of words repeated to the letter was copied: a second place, not a second voice.
        if voice not in origins and not _copied(claim.words, passage.words):
            origins.append(voice)
    verdict = Verdict.CORROBORATED if len(origins) > 1 else Verdict.SINGLE_SOURCE
    return Support(tuple(found), tuple(origins), verdict)


def _copied(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two sentences share a run of content words too long for chance. Also how a report of an earlier run is known."""
    runs = [{tuple(words[at : at + _COPIED_WORDS]) for at in range(len(words) - _COPIED_WORDS + 1)} for words in (one, other)]
    return not runs[0].isdisjoint(runs[1])


def sharing_half(indexed: Index, words: Set[str]) -> Iterator[int]:
    """Passages that share half of the words or more, which stand in the index: each has one of the rarest half, or of the one word more."""
    rarest = sorted(words, key=lambda word: (len(indexed.postings[word]), word))[: len(words) // 2 + 1]
    near = sorted({at for word in rarest for at in indexed.postings[word]})
    return (at for at in near if 2 * len(words & indexed.passages[at].bag) >= len(words))


def overlap(indexed: Index, one: Passage, other: Passage) -> float:
    """The weight of shared words over that of all words of both; 0..1."""
    shared, whole = _weight(indexed, one.bag & other.bag), _weight(indexed, one.bag | other.bag)
    return shared / (whole or 1.0)


def same_statement(indexed: Index, claim: Passage, other: Passage) -> bool:
    """Whether the other sentence says all that the claim says, with the same numbers and the same sign."""
    common = claim.bag & other.bag
    if 2 * len(common) < len(claim.bag) or len(other.words) > 3 * len(claim.words):
        return False
    if _shared(indexed, claim.bag, common) < _SAME_STATEMENT:
        # The same quantity may be written in other words: "5 GB" and "5120 MB".
        mine = topic(claim.span.text) if any(map(str.isdigit, claim.span.text)) else frozenset[str]()
        if _shared(indexed, mine, mine & topic(other.span.text)) < _SAME_STATEMENT:
            return False
    if negative(claim.span.text) != negative(other.span.text):
        return False
    return not unmatched(quantities(claim.span.text), quantities(other.span.text))[0]


def _shared(indexed: Index, bag: Set[str], common: Set[str]) -> float:
    own = _weight(indexed, bag)
    return _weight(indexed, common) / own if own else 0.0


def _weight(indexed: Index, words: Set[str]) -> float:
    # Rounded once: the order in which a set gives its words differs between processes.
    return math.fsum(indexed.weight(word) for word in words)


def negative(text: str) -> bool:
    """Whether a sentence denies something; two denials are none."""
    return len(_NEGATION.findall(text)) % 2 == 1


def conflict(one: Passage, other: Passage) -> bool:
    """Whether two sentences cannot well both be true: aligned but for a quantity, or but for a negation."""
    first, second = one.span.text, other.span.text
    if one.words[:1] != other.words[:1] or bool(_CONDITIONAL.search(first)) != bool(_CONDITIONAL.search(second)):
        return False
    bags = [topic(text) for text in (first, second)]
    if min(len(bag) for bag in bags) < 3 or jaccard(*bags) < _ALIGNED:
        return False
    if LABELLED.findall(first) != LABELLED.findall(second):
        return False
    mine, theirs = quantities(first), quantities(second)
    if mine and theirs:
        left = unmatched(mine, theirs)
        all_differ = len(mine) == len(theirs) == len(left[0])
        return all_differ and differ(*left) and negative(first) == negative(second)
    return not mine and not theirs and negative(first) != negative(second) and jaccard(*bags) >= 0.9


@lru_cache(maxsize=8192)
def topic(text: str) -> frozenset[str]:
    """What a sentence speaks of: its content words without quantities and negations, never a word that it does not have."""
    return frozenset(terms(_NEGATION.sub(" ", without(text)))).intersection(terms(text))


def jaccard(one: Set[str], other: Set[str]) -> float:
    """The share of all words of both that both have; 0 for two empty sets."""
    return len(one & other) / len(one | other) if one or other else 0.0
