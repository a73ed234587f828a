"""Which sentences no longer hold because a newer edition of their document says otherwise in the same place.

Every sentence of every newer edition may stand in a sentence's place. Those that can are looked up by the rarest words and by
the first words they must share with it, so that an edition of thousands of sentences costs little more than one of a hundred.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property, lru_cache

from synapse.research.blocks import Kind
from synapse.research.corroborate import jaccard, negative, overlap, same_statement, sharing_half, topic
from synapse.research.editions import Editions
from synapse.research.passages import Index, Passage
from synapse.research.quantities import differ, quantities, unmatched
from synapse.research.sentences import cells
from synapse.research.wording import subject

_PAST = re.compile(r"\b(?:was|were|had|did)\b", re.IGNORECASE)
# The same place is known by less than between strangers: its first words, or half of them all.
_ALIGNED, _SAME_OPENING = 0.5, 0.2
# An opening has these many words at least, unless the sentence has fewer.
_OPENING = 3


class Succession:
    """What newer editions say instead of a passage; worked out when first asked for."""

    def __init__(self, indexed: Index, known: Editions, usable: Callable[[int], bool]) -> None:
        """``usable``: whether a passage can be told alone; others succeed nothing."""
        self._indexed, self._known, self._usable = indexed, known, usable
        self._found: dict[int, tuple[int, ...]] = {}

    def successors(self, at: int) -> tuple[int, ...]:
        """Passages of newer editions that say otherwise, the best aligned first; none when one of them says the same."""
        if at not in self._found:
            old = self._indexed.passages[at]
            newer = self._known.newer[old.document]
            found: list[int] = []
            if newer and not any(
                same_statement(self._indexed, old, new) for _, new in self._among(sharing_half(self._indexed, old.bag), newer)
            ):
                near = dict(self._in_place(old, newer))
                found = [each for each in sorted(near) if says_otherwise(old, near[each]) and self._usable(each)]
            self._found[at] = tuple(sorted(found, key=lambda each: (-overlap(self._indexed, old, self._indexed.passages[each]), each)))
        return self._found[at]

    def replaced(self, at: int) -> bool:
        """Whether the passage's document no longer holds as a whole."""
        return self._known.replaced(self._indexed.passages[at].document)

    def date(self, at: int) -> str | None:
        """The date that the passage's document states for itself."""
        return self._known.of[self._indexed.passages[at].document].date or None

    def superseded(self, at: int) -> bool:
        """Whether the passage must not be told as what holds now."""
        return self.replaced(at) or bool(self.successors(at))

    def may_support(self, at: int, claim: int) -> bool:
        """Whether a passage counts for a claim: what no longer holds counts only for what does not either."""
        return not self.superseded(at) or self.superseded(claim)

    def _in_place(self, old: Passage, newer: Collection[int]) -> Iterator[tuple[int, Passage]]:
        """Passages among which are all that `says_otherwise` can find."""
        yield from self._among(self._by_opening.get(_first_words(old), ()), newer)
        if old.span.kind is not Kind.TABLE:
            yield from self._among(sharing_half(self._indexed, topic(old.span.text)), newer)

    def _among(self, places: Iterable[int], newer: Collection[int]) -> Iterator[tuple[int, Passage]]:
        passages = self._indexed.passages
        return ((at, passages[at]) for at in places if passages[at].document in newer)

    @cached_property
    def _by_opening(self) -> dict[tuple[str, ...], list[int]]:
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        some = frozenset[int]().union(*self._known.newer)
        for at, passage in enumerate(self._indexed.passages):
            if passage.document in some:
                found[_first_words(passage)].append(at)
        return dict(found)


def says_otherwise(old: Passage, new: Passage) -> bool:
    """Whether a newer edition's sentence stands in the place of an older one's and says something else.

    Looser than `corroborate.conflict`, because editions are known to speak of the same thing. What was is not changed by what is.
    """
    first, second = old.span.text, new.span.text
    if (old.span.kind is Kind.TABLE) != (new.span.kind is Kind.TABLE):
        return False
    if old.span.kind is Kind.TABLE:
        one, other = cells(first), cells(second)
        return one[1:] != other[1:] and one[0].casefold() == other[0].casefold()
    if _PAST.search(first) and _PAST.search(second):
        return False
    alike = jaccard(topic(first), topic(second))
    if alike < _SAME_OPENING:
        return False
    mine, theirs = unmatched(quantities(first), quantities(second))
    changed = differ(mine, theirs) or negative(first) != negative(second)
    if changed and alike >= _ALIGNED:
        return True
    opened = _opening(first)
    return bool(opened) and opened == _opening(second) and (changed or bool(topic(first) - topic(second)))


def _first_words(passage: Passage) -> tuple[str, ...]:
    """What two sentences with one opening share; of a row of a table its first cell."""
    if passage.span.kind is Kind.TABLE:
        return ("", *(cell.casefold() for cell in cells(passage.span.text)[:1]))
    return _folded(passage.span.text.split(None, _OPENING)[:_OPENING])


@lru_cache(maxsize=8192)
def _opening(text: str) -> tuple[str, ...]:
    """A sentence's subject and the two words after it, so that its verb is among them; none where no subject shows."""
    who = subject(text).split()
    return _folded(text.split()[: len(who) + 2]) if who else ()


def _folded(words: Collection[str]) -> tuple[str, ...]:
    return tuple(word.casefold().strip(",") for word in words)
