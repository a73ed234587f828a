"""All sentences of all pages, and which words stand where."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from synapse.contracts.evidence import Snapshot
from synapse.research.acronyms import acronyms
from synapse.research.sentences import Span, sentences
from synapse.research.text import stem, terms


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
