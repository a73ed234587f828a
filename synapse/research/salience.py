"""How much a sentence says about a question: matched words, the place it stands in, the kind of answer it is.

The score is made of shares between 0 and 1, so that one threshold means the same for every question:
the weight of the question's words that the sentence (fully) or its surroundings (in part) mention.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from synapse.contracts.evidence import Snapshot, SubQuestion
from synapse.research.acronyms import acronyms
from synapse.research.blocks import Kind
from synapse.research.intent import Intent, cue_count, intent_of
from synapse.research.sentences import Span, cells, sentences
from synapse.research.text import STOP_WORDS, WORD, keywords, stem, terms
from synapse.research.wording import PRONOUN_START, defines, subject

# Shares of a word's weight that count when it is not in the sentence itself but near it, or only similar.
_IN_HEADING, _IN_TITLE, _IN_BLOCK, _IN_DOCUMENT, _VARIANT = 0.6, 0.45, 0.35, 0.3, 0.7
# In so many sentences of a page a word must stand to be what the page is about.
_OFTEN = 4
_LONG_FORM = 0.9
# In this share of the pages a word is everywhere, and another one in less than that is what tells them apart.
_SOME_PAGES, _EVERYWHERE, _RARER, _SAYS_LITTLE = 4, 0.8, 0.7, 0.5
# How much what is not word overlap may add to it.
_PHRASE, _CUE, _CENTRAL, _EARLY, _SPECIFIC, _SUBJECT, _DEFINES, _ABOUT = 0.15, 0.16, 0.15, 0.08, 0.05, 0.2, 0.4, 0.3
_ASKED_OF = re.compile(r"^\W*what(?:'s|’s| is| are| was| were) the (?:[\w-]+ )*?(?P<what>[\w-]+) (?:of|for|in) ", re.IGNORECASE)
# Two or more words in capitals in a row are one name: half of it names something else.
_LONG_NAMES = re.compile(r"\b[A-Z][A-Z_]+(?:\s[A-Z][A-Z_]+)+\b")
# A definition is wanted, and the sentence only mentions the thing; or a number, and it has none.
_BESIDE_THE_POINT = 0.8
_NOT_TOLD = 0.8
_NEEDS_CUE = frozenset({Intent.QUANTITY, Intent.BENEFIT, Intent.DRAWBACK})
_SAYS_WHAT_IT_IS = 0.5
_FEEDBACK_SENTENCES, _FEEDBACK_TERMS = 30, 25


@dataclass(frozen=True)
class Document:
    """A stored page and its text."""

    snapshot: Snapshot
    text: str


@dataclass(slots=True)
class Passage:
    """A sentence of a document with its words."""

    document: int
    span: Span
    words: list[str]
    bag: frozenset[str]


@dataclass
class Index:
    """All sentences of all documents, and which words stand where."""

    documents: Sequence[Document]
    passages: list[Passage]
    postings: dict[str, list[int]]
    titles: list[frozenset[str]]
    headings: dict[str, frozenset[str]]
    often: list[Counter[str]]
    """Per document, in how many of its sentences each word stands."""
    blocks: dict[tuple[int, int], list[int]]
    idf: dict[str, float]
    acronyms: dict[str, tuple[str, ...]]
    """Short form → the words it stands for, all stemmed."""

    def weight(self, term: str) -> float:
        """Between 1 (everywhere) and 2 (nowhere): rare words tell more, but the topic itself is common in pages about it."""
        return self.idf.get(term, 2.0)


@dataclass(frozen=True, slots=True)
class Salience:
    """A passage's worth for one sub-question: ``score`` ranks; ``coverage`` (0..1) says how much of the question it is about."""

    passage: int
    score: float
    coverage: float


def index(documents: Sequence[Document]) -> Index:
    """Split and index the documents."""
    passages: list[Passage] = []
    postings: dict[str, list[int]] = defaultdict(list)
    blocks: dict[tuple[int, int], list[int]] = defaultdict(list)
    often: list[Counter[str]] = [Counter() for _ in documents]
    for number, document in enumerate(documents):
        for span in sentences(document.text):
            words = terms(span.text)
            bag = frozenset(words)
            often[number].update(bag)
            blocks[number, span.block].append(len(passages))
            for word in bag:
                postings[word].append(len(passages))
            passages.append(Passage(number, span, words, bag))
    total = math.log(len(passages) + 1) or 1.0
    idf = {word: 1.0 + math.log((len(passages) + 1) / (len(where) + 1)) / total for word, where in postings.items()}
    headings = {passage.span.heading: frozenset[str]() for passage in passages}
    return Index(
        documents=documents,
        passages=passages,
        postings=dict(postings),
        titles=[frozenset(terms(f"{document.snapshot.title} {document.snapshot.url}")) for document in documents],
        headings={heading: frozenset(terms(heading)) for heading in headings},
        often=often,
        blocks=dict(blocks),
        idf=idf,
        acronyms={stem(short): tuple(terms(long)) for document in documents for short, long in acronyms(document.text).items()},
    )


def salience(indexed: Index, question: SubQuestion, *, least: float = 0.0) -> list[Salience]:
    """The passages that cover at least the share ``least`` of the question, best first.

    Of the names in a question each passage has one at least, in itself or nearby.
    """
    asked = _Asked.of(indexed, question)
    direct = _direct(indexed, asked.wanted)
    covered: dict[int, float] = {}
    for at, hits in direct.items():
        if asked.intent is Intent.COMPARISON:
            # What is only alike is one of the two sides as often as not.
            hits = {position: share for position, share in hits.items() if share >= _LONG_FORM}
        shares = _shares(indexed, at, hits, asked.wanted)
        if asked.met_by(shares):
            covered[at] = asked.coverage(shares) * (1.0 if asked.told_by(shares) else _NOT_TOLD)
    central = _central(indexed, covered)
    found = [
        Salience(at, round(coverage * _boost(indexed, indexed.passages[at], asked, central), 4), round(coverage, 4))
        for at, coverage in covered.items()
        if coverage >= least
    ]
    return sorted(found, key=lambda item: (-item.score, item.passage))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as salience sees it: its words and their weights, which of them are names, and the kind of answer."""

    wanted: tuple[str, ...]
    weights: tuple[float, ...]
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
    def of(cls, indexed: Index, question: SubQuestion) -> _Asked:
        weights: dict[str, float] = {}
        for word in keywords(question.query) or [question.query]:
            parts = terms(word)
            # A compound weighs as much as one word, shared among its parts.
            for term in parts:
                weights.setdefault(term, indexed.weight(term) / len(parts))
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
            required,
            known,
            everywhere,
            max(
                (at for at in range(len(wanted)) if at not in known and wanted[at] in indexed.postings),
                key=lambda at: indexed.weight(wanted[at]),
                default=None,
            ),
            intent_of(question.text),
            (sides[0], sides[1]),
            stem(match["what"]) if match else "",
        )

    def coverage(self, shares: Sequence[float]) -> float:
        """The part of the question's weight that a passage mentions; of two things asked about together the one it says more of."""
        options = self.sides if all(self.sides) and self.intent is not Intent.COMPARISON else (frozenset[int](),)
        return max(
            sum(share * weight for place, (share, weight) in enumerate(zip(shares, self.weights, strict=True)) if place not in left_out)
            / (sum(weight for place, weight in enumerate(self.weights) if place not in left_out) or 1.0)
            for left_out in options
        )

    @property
    def whole(self) -> float:
        return sum(self.weights) or 1.0

    def told_by(self, shares: Sequence[float]) -> bool:
        """Whether the passage, or at least its paragraph, has the word that tells the question from others."""
        return self.telling is None or shares[self.telling] > _IN_DOCUMENT

    def met_by(self, shares: Sequence[float]) -> bool:
        """Whether a passage is about what a question names: long names whole, a name at least, and a word neither name nor common."""
        aside = self.names | self.common
        others = [position for position in range(len(self.wanted)) if position not in aside]
        return (
            all(shares[position] >= _IN_HEADING for position in self.required)
            and (not self.names or any(shares[position] > _IN_DOCUMENT for position in self.names))
            and (not others or any(shares[position] > _IN_BLOCK for position in others))
        )


def _sides(text: str) -> tuple[set[str], set[str]]:
    """The content words right before an "and", and as many right after it; sets without common words, empty where there is none."""
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


def _direct(indexed: Index, wanted: Sequence[str]) -> dict[int, dict[int, float]]:
    """Passage → {position in ``wanted`` → share of that word's weight that the sentence itself mentions}."""
    hits: dict[int, dict[int, float]] = defaultdict(dict)
    for position, term in enumerate(wanted):
        for variant, share in _variants(indexed.postings, term):
            for at in indexed.postings[variant]:
                hits[at][position] = max(share, hits[at].get(position, 0.0))
        for at in _all_in(indexed, indexed.acronyms.get(term, ())):
            hits[at][position] = max(_LONG_FORM, hits[at].get(position, 0.0))
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
            (word, _VARIANT)
            for word in vocabulary
            if word != term
            and len(word) >= 5
            and (term in word or word in term)
            and max(len(term), len(word)) <= 2 * min(len(term), len(word))
        ]
    return found


def _shares(indexed: Index, at: int, hits: dict[int, float], wanted: Sequence[str]) -> list[float]:
    """Per word of the question, how far the passage is about it: in the sentence, its heading, its page's title, its paragraph."""
    passage = indexed.passages[at]
    title, heading = indexed.titles[passage.document], indexed.headings[passage.span.heading]
    # What "It" means is named by the sentence before, and the two are read together.
    goes_on = passage.span.before is not None and PRONOUN_START.match(passage.span.text) is not None
    shares = []
    for position, term in enumerate(wanted):
        share = hits.get(position, 0.0)
        if share < _LONG_FORM and goes_on and term in indexed.passages[at - 1].bag:
            share = _LONG_FORM
        if share < _IN_HEADING:
            if term in heading:
                share = _IN_HEADING
            elif term in title:
                share = max(share, _IN_TITLE)
            elif any(term in indexed.passages[other].bag for other in indexed.blocks[passage.document, passage.span.block]):
                share = max(share, _IN_BLOCK)
            elif indexed.often[passage.document].get(term, 0) >= _OFTEN:
                share = max(share, _IN_DOCUMENT)
        shares.append(share)
    return shares


def _central(indexed: Index, covered: dict[int, float]) -> dict[str, float]:
    """The words that the best-matching passages have in common, with shares that add up to 1: what the pages say about the topic."""
    best = sorted(covered, key=lambda at: -covered[at])[:_FEEDBACK_SENTENCES]
    counts: Counter[str] = Counter(word for at in best for word in indexed.passages[at].bag)
    common = [(word, count * indexed.weight(word)) for word, count in counts.most_common(_FEEDBACK_TERMS) if count > 1]
    whole = sum(value for _, value in common) or 1.0
    return {word: value / whole for word, value in common}


def _boost(indexed: Index, passage: Passage, asked: _Asked, central: dict[str, float]) -> float:
    span, words, wanted = passage.span, passage.words, asked.wanted
    pairs = set(pairwise(wanted))
    phrases = len(pairs & set(pairwise(words))) / len(pairs) if pairs else 0.0
    centrality = min(1.0, 2.0 * sum(central.get(word, 0.0) for word in passage.bag))
    early = 1.0 / (1.0 + span.block / 10.0 + span.nth / 3.0)
    about = sum(term in indexed.titles[passage.document] for term in wanted) / len(wanted) if wanted else 0.0
    who = _named(span)
    leading = frozenset(terms(who))
    # Who asks for the price of a thing does not ask what the thing is.
    led = _led(wanted, leading) if not asked.aspect or asked.aspect in leading else 0.0
    cues = cue_count(span.text, asked.intent)
    bonus = (
        _PHRASE * phrases + _CUE * cues + _CENTRAL * centrality + _EARLY * early + _ABOUT * about
        + _SPECIFIC * _specificity(span.text) + (_DEFINES if asked.intent is Intent.DEFINITION and cues else _SUBJECT) * led
    )  # fmt: skip
    beside_the_point = (asked.intent is Intent.DEFINITION and not led) or (asked.intent in _NEEDS_CUE and not cues)
    if asked.intent is Intent.DEFINITION and defines(span.text, who):
        bonus += _SAYS_WHAT_IT_IS * led
    return (1.0 + bonus) * _length_factor(len(words)) * (_BESIDE_THE_POINT if beside_the_point else 1.0)


def _named(span: Span) -> str:
    """What a sentence is about: its subject; of a row its first cell, of an item what stands before its colon."""
    if span.kind is Kind.TABLE:
        return next(iter(cells(span.text)), "")
    return subject(span.text) or (span.text.partition(": ")[0] if span.kind is Kind.LIST and ": " in span.text else "")


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
