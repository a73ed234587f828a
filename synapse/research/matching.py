"""How far a passage mentions a word: in the sentence itself, or near it, or in another form; shares between 0 and 1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from synapse.research.passages import Index
from synapse.research.wording import PRONOUN_START

# Shares of a word's weight that count when it is not in the sentence itself but near it, or only similar.
IN_HEADING, IN_TITLE, IN_BLOCK, IN_DOCUMENT, VARIANT = 0.6, 0.45, 0.35, 0.3, 0.7
LONG_FORM = 0.9
"""An acronym's words spelt out."""
# In so many sentences of a page a word must stand to be what the page is about.
_OFTEN = 4


def direct(indexed: Index, wanted: Sequence[str]) -> dict[int, dict[int, float]]:
    """Passage → {position in ``wanted`` → share of that word's weight that the sentence itself mentions}."""
    hits: dict[int, dict[int, float]] = defaultdict(dict)
    for position, term in enumerate(wanted):
        for variant, share in _variants(indexed.postings, term):
            for at in indexed.postings[variant]:
                hits[at][position] = max(share, hits[at].get(position, 0.0))
        for at in _all_in(indexed, indexed.acronyms.get(term, ())):
            hits[at][position] = max(LONG_FORM, hits[at].get(position, 0.0))
    return hits


def _all_in(indexed: Index, words: Sequence[str]) -> set[int]:
    """The passages under a heading, or with words of their own, that have all of the words."""
    if not words:
        return set()
    found = set.intersection(*(set(indexed.postings.get(word, ())) for word in words))
    headings = {heading for heading, bag in indexed.headings.items() if bag.issuperset(words) and len(bag) <= len(words) + 1}
    return found | {at for at, passage in enumerate(indexed.passages) if passage.span.heading in headings}


def _variants(vocabulary: Iterable[str], term: str) -> list[tuple[str, float]]:
    """The term, and words that contain it or are contained in it, as ``autovacuum`` and ``vacuum``."""
    found = [(term, 1.0)] if term in vocabulary else []
    if len(term) >= 5 and term.isalpha():
        found += [
            (word, VARIANT)
            for word in vocabulary
            if word != term
            and len(word) >= 5
            and (term in word or word in term)
            and max(len(term), len(word)) <= 2 * min(len(term), len(word))
        ]
    return found


def shares_of(indexed: Index, at: int, hits: Mapping[int, float], wanted: Sequence[str]) -> list[float]:
    """Per word of the question, how far the passage is about it: in the sentence, its heading, its page's title, its paragraph."""
    passage = indexed.passages[at]
    title, heading = indexed.titles[passage.document], indexed.headings[passage.span.heading]
    # What "It" means is named by the sentence before, and the two are read together.
    goes_on = passage.span.before is not None and PRONOUN_START.match(passage.span.text) is not None
    shares = []
    for position, term in enumerate(wanted):
        share = hits.get(position, 0.0)
        if share < LONG_FORM and goes_on and term in indexed.passages[at - 1].bag:
            share = LONG_FORM
        if share < IN_HEADING:
            if term in heading:
                share = IN_HEADING
            elif term in title:
                share = max(share, IN_TITLE)
            elif any(term in indexed.passages[other].bag for other in indexed.blocks[passage.document, passage.span.block]):
                share = max(share, IN_BLOCK)
            elif indexed.often[passage.document].get(term, 0) >= _OFTEN:
                share = max(share, IN_DOCUMENT)
        shares.append(share)
    return shares
