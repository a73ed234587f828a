"""How much a sentence says about a question: matched words, the place it stands in, the kind of answer it is.

The score is made of shares between 0 and 1, so that one threshold means the same for every question:
the weight of the question's words that the sentence (fully) or its surroundings (in part) mention.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from synapse.contracts.evidence import SubQuestion
from synapse.research.asked import Asked
from synapse.research.blocks import Kind
from synapse.research.intent import Intent, cue_count
from synapse.research.matching import LONG_FORM, direct, shares_of
from synapse.research.passages import Index, Passage
from synapse.research.sentences import Span, cells
from synapse.research.text import terms
from synapse.research.wording import LINK_WORD, defines, subject

# How much what is not word overlap may add to it.
_PHRASE, _CUE, _CENTRAL, _EARLY, _SPECIFIC, _SUBJECT, _DEFINES, _ABOUT = 0.15, 0.16, 0.15, 0.08, 0.05, 0.2, 0.4, 0.3
_WORDS_ONLY = re.compile(r"[\w-]+(?: [\w-]+){0,4}")
_NEWS = re.compile(r"\bwhat(?:['’]?s| is) new\b|\brelease notes?\b|\bchange ?logs?\b|\bchanges (?:in|since)\b", re.IGNORECASE)
_ASKS_FOR_NEWS = re.compile(
    r"\b(?:new|news|version|release[sd]?|chang\w+|since|when|histor\w+|introduced|added|removed|deprecated)\b", re.IGNORECASE
)
_IS_NEWS = 0.7
# A definition is wanted, and the sentence only mentions the thing; or a number, and it has none.
_BESIDE_THE_POINT = 0.8
_NOT_TOLD = 0.8
_NEEDS_CUE = frozenset({Intent.QUANTITY, Intent.BENEFIT, Intent.DRAWBACK})
_SAYS_WHAT_IT_IS = 0.5
# What stands under a title that asks the same, when nothing by itself answers.
_LEAST_TITLED, _BY_TITLE = 0.55, 0.6
_FEEDBACK_SENTENCES, _FEEDBACK_TERMS = 30, 25


@dataclass(frozen=True, slots=True)
class Salience:
    """A passage's worth for one sub-question: ``score`` ranks; ``coverage`` (0..1) says how much of the question it is about."""

    passage: int
    score: float
    coverage: float


def salience(indexed: Index, question: SubQuestion, *, least: float = 0.0, near: bool = False) -> list[Salience]:
    """The passages that cover at least the share ``least`` of the question, best first.

    Of the names in a question each passage has one at least, in itself or nearby. With ``near`` those are among them that
    only stand where the question is spoken of, for a reader who can tell which of them answer.
    """
    asked = Asked.of(indexed, question)
    found_in = direct(indexed, asked.wanted)
    covered: dict[int, float] = {}
    for at, hits in found_in.items():
        if asked.intent is Intent.COMPARISON:
            # What is only alike is one of the two sides as often as not.
            hits = {position: share for position, share in hits.items() if share >= LONG_FORM}
        shares = shares_of(indexed, at, hits, asked.wanted)
        if asked.met_by(shares) and (near or asked.answered_by(shares)):
            covered[at] = asked.coverage(shares) * (1.0 if asked.told_by(shares) else _NOT_TOLD)
    central = _central(indexed, covered)
    news = _news(indexed, question)
    found = []
    for at, coverage in covered.items():
        if coverage >= least:
            passage = indexed.passages[at]
            worth = _boost(indexed, passage, asked, central) * (_IS_NEWS if passage.document in news else 1.0)
            found.append(Salience(at, round(coverage * worth, 4), round(coverage, 4)))
    return sorted(found, key=lambda item: (-item.score, item.passage))


def _news(indexed: Index, question: SubQuestion) -> frozenset[int]:
    """The pages on what changed once, where the question is not about change: "now" and "no longer" there mean that version's."""
    if _ASKS_FOR_NEWS.search(question.text):
        return frozenset()
    return frozenset(at for at, document in enumerate(indexed.documents) if _NEWS.search(document.snapshot.title))


def opening(indexed: Index, question: SubQuestion) -> list[Salience]:
    """The passages under a heading or on a page whose title says what is asked, in the order in which they stand."""
    asked = Asked.of(indexed, question)
    found: list[Salience] = []
    for at, passage in enumerate(indexed.passages):
        said = indexed.titles[passage.document] | indexed.headings[passage.span.heading]
        coverage = asked.coverage([float(term in said) for term in asked.wanted])
        if coverage >= _LEAST_TITLED:
            found.append(Salience(at, round(coverage * _BY_TITLE, 4), round(coverage, 4)))
    return sorted(found, key=lambda item: (-item.score, item.passage))


def _central(indexed: Index, covered: dict[int, float]) -> dict[str, float]:
    """The words that the best-matching passages have in common, with shares that add up to 1: what the pages say about the topic."""
    best = sorted(covered, key=lambda at: -covered[at])[:_FEEDBACK_SENTENCES]
    counts: Counter[str] = Counter(word for at in best for word in indexed.passages[at].bag)
    # Not `most_common`, which leaves ties to the order of a set, and so to the process.
    often = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_FEEDBACK_TERMS]
    common = [(word, count * indexed.weight(word)) for word, count in often if count > 1]
    whole = sum(value for _, value in common) or 1.0
    return {word: value / whole for word, value in common}


def _boost(indexed: Index, passage: Passage, asked: Asked, central: dict[str, float]) -> float:
    span, words, wanted = passage.span, passage.words, asked.wanted
    pairs = set(pairwise(wanted))
    phrases = len(pairs & set(pairwise(words))) / len(pairs) if pairs else 0.0
    centrality = min(1.0, 2.0 * sum(central.get(word, 0.0) for word in passage.bag))
    early = 1.0 / (1.0 + span.block / 10.0 + span.nth / 3.0)
    about = sum(term in indexed.titles[passage.document] for term in wanted) / len(wanted) if wanted else 0.0
    who = _named(span) or _term(indexed, passage)
    leading = frozenset(terms(who))
    # Who asks for the price of a thing does not ask what the thing is.
    led = _led(wanted, leading) if not asked.aspect or asked.aspect in leading else 0.0
    cues = cue_count(span.text, asked.intent)
    bonus = (
        _PHRASE * phrases + _CUE * cues + _CENTRAL * centrality + _EARLY * early + _ABOUT * about
        + _SPECIFIC * _specificity(span.text) + (_DEFINES if asked.intent is Intent.DEFINITION and cues else _SUBJECT) * led
    )  # fmt: skip
    beside_the_point = (asked.intent is Intent.DEFINITION and not led) or (asked.intent in _NEEDS_CUE and not cues)
    if asked.intent is Intent.DEFINITION and (defines(LINK_WORD.sub("", span.text), who) or _glossed(indexed, passage, who)):
        bonus += _SAYS_WHAT_IT_IS * led
    return (1.0 + bonus) * _length_factor(len(words)) * (_BESIDE_THE_POINT if beside_the_point else 1.0)


def _named(span: Span) -> str:
    """What a sentence is about: its subject; of a row its first cell, of an item what stands before its colon."""
    if span.kind is Kind.TABLE:
        return next(iter(cells(span.text)), "")
    return subject(LINK_WORD.sub("", span.text)) or (span.text.partition(": ")[0] if span.kind is Kind.LIST and ": " in span.text else "")


def _term(indexed: Index, passage: Passage) -> str:
    """The words of a glossary's term that a sentence explains."""
    if passage.span.term is None:
        return ""
    term = indexed.documents[passage.document].text[slice(*passage.span.term)].rstrip("¶ ")
    return term if _WORDS_ONLY.fullmatch(term) else ""


def _glossed(indexed: Index, passage: Passage, who: str) -> bool:
    """Whether the sentence stands under that term, which a glossary explains there."""
    return bool(who) and who == _term(indexed, passage)


def _led(wanted: Sequence[str], leading: frozenset[str]) -> float:
    """How far a sentence's subject is what was asked about: all of it, and nothing else."""
    shared = leading.intersection(wanted)
    return len(shared) / len(wanted) * math.sqrt(len(shared) / len(leading)) if shared else 0.0


def _specificity(text: str) -> float:
    """Numbers and names make a statement checkable; 0..1."""
    words = text.split()
    telling = sum(1 for word in words[1:] if any(char.isdigit() for char in word) or word[:1].isupper() or "_" in word or "()" in word)
    return min(1.0, telling / 4.0)


def _length_factor(length: int) -> float:
    """Very short sentences say little, very long ones bury it."""
    if length < 5:
        return 0.8
    return 1.0 if length <= 20 else max(0.6, 1.0 - (length - 20) / 60.0)
