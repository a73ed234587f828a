"""A question in natural language as a full-text query: what to look for, how much each word says, where it stands in a text."""

from __future__ import annotations

import math
import re
import sqlite3
from dataclasses import dataclass
from functools import cached_property

from synapse.mcp_servers.corpus.schema import DUNDER, TOKENIZER, dunders_told

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
_MAX_TERMS = 24
_COMMON = 0.5
"""Share of rows: a word in more of them finds nothing in particular and costs time."""


@dataclass(frozen=True)
class Term:
    """One word of the query, as the tokenizer stems it, and its weight (inverse document frequency)."""

    stem: str
    weight: float

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds the word's forms in lower-case text, by the stem as prefix."""
        # Porter turns a final y into i ("queri") and drops e ("cach"); the text still has the written form.
        if self.stem.startswith(DUNDER) and len(self.stem) > len(DUNDER):
            return re.compile(rf"__{re.escape(self.stem[len(DUNDER) :])}[a-z]*__")
        prefix = self.stem[:-1] + "[iy]" if len(self.stem) > 3 and self.stem.endswith("i") else re.escape(self.stem)
        limit = r"\b" if len(self.stem) <= 3 else r"[^\W_]{0,7}"
        return re.compile(rf"(?<![^\W_]){prefix}{limit}")


def words_of(question: str) -> list[str]:
    """The words worth looking for, lower-case, in order, each once; all words when there are none but stop words."""
    words = list(dict.fromkeys(match.group().lower() for match in _WORD.finditer(dunders_told(question).replace("’", "'"))))
    kept = [word for word in words if word not in STOP_WORDS and (len(word) > 1 or word.isdigit() or not word.isascii())]
    return (kept or words)[:_MAX_TERMS]


def terms_of(connection: sqlite3.Connection, question: str, rows: int) -> list[Term]:
    """The query's distinct terms with their weights in this index of so many rows; unknown words have weight too (they lower coverage)."""
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
    return [Term(stem, math.log(1 + (rows - found.get(stem, 0) + 0.5) / (found.get(stem, 0) + 0.5))) for stem in stems]


def match_expression(terms: list[Term], rows: int) -> str:
    """The FTS5 expression: any of the terms, but those found nearly everywhere unless there are no others."""
    common = math.log(1 + (rows * (1 - _COMMON) + 0.5) / (rows * _COMMON + 0.5))
    rare = [term for term in terms if term.weight > common] or terms
    return " OR ".join('"' + term.stem.replace('"', '""') + '"' for term in rare)
