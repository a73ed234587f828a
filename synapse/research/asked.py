"""A question as its answers are looked for: its words and their weights, which of them are names, the kind of answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synapse.contracts.evidence import SubQuestion
from synapse.research.intent import Intent, intent_of
from synapse.research.matching import IN_BLOCK, IN_DOCUMENT, IN_HEADING, IN_TITLE, LONG_FORM
from synapse.research.passages import Index
from synapse.research.plan import compared
from synapse.research.text import STOP_WORDS, WORD, keywords, stem, terms

# In this share of the pages a word is everywhere, and another one in less than that is what tells them apart.
_SOME_PAGES, _EVERYWHERE, _RARER, _SAYS_LITTLE = 4, 0.8, 0.7, 0.5
_JUST_MORE = 0.01
# The part of a question's weight that a sentence, its heading or its page's title must name; what only stands nearby is not enough.
_LEAST_NAMED = 0.55
_HOW_TO = re.compile(
    r"\bhow (?:(?:do|can|should|could|would|must) (?:i|we|you|one|someone|people|users?)|to) (?P<verb>[a-z]+)\b", re.IGNORECASE
)
_QUALIFIER = re.compile(r"(?<=\S)\s+(?:in|of|for|on|with|from)\s.*$", re.IGNORECASE)
_OF_DOING = 0.5
_ASKED_OF = re.compile(r"^\W*what(?:'s|’s| is| are| was| were) the (?:[\w-]+ )*?(?P<what>[\w-]+) (?:of|for|in) ", re.IGNORECASE)
# Two or more words in capitals in a row are one name: half of it names something else.
_LONG_NAMES = re.compile(r"\b[A-Z][A-Z_]+(?:\s[A-Z][A-Z_]+)+\b")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question over an index of pages: places are those of its words in ``wanted``."""

    wanted: tuple[str, ...]
    weights: tuple[float, ...]
    plain: tuple[float, ...]
    """The weights before words on every page are made to say little."""
    required: frozenset[int]
    names: frozenset[int]
    common: frozenset[int]
    telling: int | None
    """Place of the word, no name, that the fewest sentences have: what the question is about, if anything is."""
    intent: Intent
    sides: tuple[frozenset[int], frozenset[int]]
    """Places of what is asked about together, as in "readings and logs": a sentence about one of the two answers half, fully."""
    aspect: str
    """What is asked of something, as "price" in "what is the price of X"; otherwise empty."""

    @classmethod
    def of(cls, indexed: Index, question: SubQuestion) -> Asked:
        """The sub-question, its words weighed by how rare they are in the pages."""
        weights: dict[str, float] = {}
        for word in keywords(question.query) or [question.query]:
            parts = terms(word)
            # A compound weighs as much as one word, shared among its parts.
            for term in parts:
                weights.setdefault(term, indexed.weight(term) / len(parts))
        doing = _doing(question.text) if len(weights) > 1 else frozenset[str]()
        weights = {term: weight * _OF_DOING if term in doing else weight for term, weight in weights.items()}
        plain = tuple(weights.values())
        common = _common(indexed, weights)
        weights = {term: weight * _SAYS_LITTLE if term in common else weight for term, weight in weights.items()}
        wanted = tuple(weights)
        whole = {stem(word) for run in _LONG_NAMES.findall(question.text) for word in run.split()}
        named = [word for word in question.text.split()[1:] if any(char.isupper() or char in "_." for char in word[:-1])]
        # Of a dotted name the whole or its last part must be met: ``asyncio`` alone is not about ``asyncio.gather``.
        # A name on every page need not be repeated in a sentence to be what it is about.
        names = {term for word in named if (parts := terms(word)) for term in (parts[0], parts[-1]) if term not in common}
        required, known, everywhere = (
            frozenset(place for place, term in enumerate(wanted) if term in some) for some in (whole, names, common)
        )
        sides = [frozenset(place for place, term in enumerate(wanted) if term in side) for side in _sides(question.text)]
        match = _ASKED_OF.search(question.text)
        return cls(
            wanted,
            tuple(weights.values()),
            plain,
            required,
            known,
            everywhere,
            max(
                (at for at in range(len(wanted)) if at not in known and wanted[at] not in doing and wanted[at] in indexed.postings),
                key=lambda at: indexed.weight(wanted[at]),
                default=None,
            ),
            intent_of(question.text),
            (sides[0], sides[1]),
            stem(match["what"]) if match else "",
        )

    def coverage(self, shares: Sequence[float], weights: Sequence[float] = ()) -> float:
        """The part of the question's weight that a passage mentions; of two things asked about together the one it says more of."""
        weights = weights or self.weights
        options = self.sides if all(self.sides) and self.intent is not Intent.COMPARISON else (frozenset[int](),)
        return max(
            sum(share * weight for place, (share, weight) in enumerate(zip(shares, weights, strict=True)) if place not in left_out)
            / (sum(weight for place, weight in enumerate(weights) if place not in left_out) or 1.0)
            for left_out in options
        )

    def told_by(self, shares: Sequence[float]) -> bool:
        """Whether the passage, or at least its paragraph, has the word that tells the question from others."""
        return self.telling is None or shares[self.telling] > IN_DOCUMENT

    def met_by(self, shares: Sequence[float]) -> bool:
        """Whether a passage is about what a question names: long names whole, a name at least, and a word neither name nor common."""
        aside = self.names | self.common
        others = [position for position in range(len(self.wanted)) if position not in aside]
        # Of what a sentence names by itself, its page may say the rest.
        nearby = IN_DOCUMENT if any(shares[position] >= LONG_FORM for position in self.names) else IN_BLOCK + _JUST_MORE
        return (
            all(shares[position] >= IN_HEADING for position in self.required)
            and (not self.names or any(shares[position] > IN_DOCUMENT for position in self.names))
            and (not others or any(shares[position] >= nearby for position in others))
        )

    def answered_by(self, shares: Sequence[float]) -> bool:
        """Whether a passage says enough by itself: most of the question named, and of a comparison both sides."""
        named = [float(share >= IN_TITLE) for share in shares]
        # Every page found has the topic's words, but a sentence without them is about something else.
        if min(self.coverage(named), self.coverage(named, self.plain)) < _LEAST_NAMED:
            return False
        sides = self.sides if self.intent is Intent.COMPARISON else ()
        return all(not side or any(shares[position] >= LONG_FORM for position in side) for side in sides)


def _doing(text: str) -> frozenset[str]:
    """The verb of "how do I …": what answers often words the same action otherwise, or as an order."""
    match = _HOW_TO.search(text)
    return frozenset(terms(match["verb"])) if match else frozenset()


def _sides(text: str) -> tuple[set[str], set[str]]:
    """The content words that only one of two things asked about has: of a comparison's sides, or right before and after an "and"."""
    named = compared(text)
    if named is not None:
        one, other = (set(terms(_QUALIFIER.sub("", side))) for side in named)
        return one - other, other - one
    before, _, after = text.partition(" and ")
    left, right = [list(map(str.lower, WORD.findall(part))) for part in (before, after)]
    run = 0
    while run < len(left) and left[-1 - run] not in STOP_WORDS:
        run += 1
    while right and right[0] in STOP_WORDS:
        right.pop(0)
    one, other = set(terms(" ".join(left[len(left) - run :]))), set(terms(" ".join(right[:run])))
    return (one, other) if one and other and one.isdisjoint(other) else (set(), set())


def _common(indexed: Index, words: Iterable[str]) -> set[str]:
    """The words that every page has, where another is in some of them only: they say little about which sentence is meant."""
    pages = len(indexed.documents)
    if pages < _SOME_PAGES:
        return set()
    spread = {term: sum(term in often for often in indexed.often) / pages for term in words}
    return {term for term, share in spread.items() if share >= _EVERYWHERE} if min(spread.values(), default=1.0) < _RARER else set()
