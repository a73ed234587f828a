"""A question in natural language as a full-text query: what to look for, how much each word says, where it stands in a text."""

from __future__ import annotations

import math
import re
import sqlite3
from dataclasses import dataclass
from functools import cached_property

from synapse.corpus.schema import DUNDER, TOKENIZER, dunders_told

# Words that questions are made of; they say how something is asked, not what about.
STOP_WORDS = frozenset(
    """
    a about after all also am an and any are aren't as at be because been before being best between both but by can can't could did do
    does doesn't doing don't down each few for from further get give given go had has have having he her here hers him his how i if in
    into is isn't it its itself just let like make many may me might more most much must my no nor not of off on once one only or
    other our out over own please same shall she should so some such than that the their theirs them then there these they this those
    through to too under until up us use used uses using very want was we were what what's when where which while who whom whose why
    will with would you your tell explain describe mean means happen happens way ways does work works need needs
    """.split()  # noqa: SIM905 - one word per line would fill a page
)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?", re.UNICODE)
_NAME = re.compile(r"\b_*[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b")
_MAX_TERMS = 24
_ENDINGS = frozenset({"", "e", "s", "es", "ed", "ing", "y", "ly"})
"""What may follow a stem of three letters or less; after a longer one anything may, for few words share so long a beginning."""
_MIN_TERMS = 3
_MAX_MATCHED = 2500
"""Rows: scoring each costs microseconds, and those that only have the commoner words are not the best ones."""


@dataclass(frozen=True)
class Term:
    """One word of the query as the tokenizer stems it, or a name such as ``lru_cache``, and what finding it is worth."""

    stem: str
    weight: float
    """Inverse document frequency; a word the index lacks has weight too, for it lowers the coverage of what is found."""
    rows: int = 0
    """In how many rows of the index it occurs."""
    name: bool = False

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """Beginnings of the word as it is written in lower-case text."""
        if self.name:
            return (self.stem,)
        if self.stem.startswith(DUNDER) and len(self.stem) > len(DUNDER):
            return ("__" + self.stem[len(DUNDER) :],)
        # Porter turns a final y into i ("queri"); the text still has either.
        return (self.stem, self.stem[:-1] + "y") if len(self.stem) > 3 and self.stem.endswith("i") else (self.stem,)

    def occurs_in(self, text: str) -> bool:
        """Whether lower-case text has the word in one of its forms. Plain searching: a regular expression is ten times slower here."""
        for form in self.forms:
            at = text.find(form)
            while at >= 0:
                end = at + len(form)
                if (at == 0 or not text[at - 1].isalnum()) and (len(form) > 3 or _ending(text, end) in _ENDINGS):
                    return True
                at = text.find(form, at + 1)
        return False


def words_of(question: str) -> list[str]:
    """The words worth looking for, lower-case, in order, each once; all words when there are none but stop words."""
    words = list(dict.fromkeys(match.group().lower() for match in _WORD.finditer(dunders_told(question).replace("’", "'"))))
    kept = [word for word in words if word not in STOP_WORDS and (len(word) > 1 or word.isdigit() or not word.isascii())]
    return (kept or words)[:_MAX_TERMS]


def names_of(question: str) -> list[str]:
    """Names of code in a question, lower-case: words with an underscore inside."""
    return list(dict.fromkeys(match.group().lower().strip("_") for match in _NAME.finditer(question)))[:4]


def terms_of(connection: sqlite3.Connection, question: str, rows: int) -> list[Term]:
    """The query's distinct terms with their weights in this index of so many rows."""
    words = words_of(question)
    if not words:
        return []
    # The tokenizer itself stems the words: one source of truth, and no second stemmer to keep in step.
    connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.question USING fts5(words, tokenize='{TOKENIZER}')")
    connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.stems USING fts5vocab('temp', 'question', 'instance')")
    connection.execute("DELETE FROM temp.question")
    connection.execute("INSERT INTO temp.question (words) VALUES (?)", (" ".join(words),))
    stems = [row[0] for row in connection.execute('SELECT DISTINCT term FROM temp.stems ORDER BY "offset"')]
    found = dict(connection.execute(f"SELECT term, doc FROM terms WHERE term IN ({','.join('?' * len(stems))})", stems))  # noqa: S608
    terms = [Term(stem, _weight(rows, found.get(stem, 0)), found.get(stem, 0)) for stem in stems]
    heaviest = max(term.weight for term in terms)
    return terms + [Term(name, heaviest, name=True) for name in names_of(question)]


def match_expression(terms: list[Term]) -> str:
    """The FTS5 expression: any of the rarest terms. The others are found everywhere; they count when the found are ranked."""
    chosen: list[Term] = []
    matched = 0
    for term in sorted(terms, key=lambda term: term.rows):
        if len(chosen) >= _MIN_TERMS and matched + term.rows > _MAX_MATCHED:
            break
        chosen.append(term)
        matched += term.rows
    return " OR ".join(f'"{term.stem.replace("_", " ") if term.name else term.stem}"' for term in chosen)


def _ending(text: str, at: int) -> str:
    end = at
    while end < len(text) and end < at + 4 and text[end].isalpha():
        end += 1
    return text[at:end]


def _weight(rows: int, found: int) -> float:
    return math.log(1 + (rows - found + 0.5) / (found + 0.5))
