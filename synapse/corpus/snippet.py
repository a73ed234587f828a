"""The passage of a text that shows best why it was found."""

from __future__ import annotations

import re
from collections.abc import Sequence

from synapse.corpus.query import Term

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^a-z\s])|\n\n+")
_WIDTH = 280


def snippet_of(text: str, terms: Sequence[Term]) -> str:
    """One to three sentences with most of the terms' weight, as one line of at most about 300 code points."""
    pieces = [piece.strip() for piece in _SENTENCE.split(text) if piece.strip() and not piece.startswith("    ")]
    if not pieces:
        return ""
    lowered = [piece.lower() for piece in pieces]
    scores = [_worth(piece, terms) for piece in lowered]
    best = max(range(len(pieces)), key=lambda at: scores[at])
    chosen = pieces[best]
    for following in pieces[best + 1 : best + 3]:
        if len(chosen) + len(following) + 1 > _WIDTH:
            break
        chosen += " " + following
    line = re.sub(r"\s+", " ", chosen)
    return line if len(line) <= _WIDTH + 20 else line[:_WIDTH].rsplit(" ", 1)[0] + "…"


def _worth(piece: str, terms: Sequence[Term]) -> float:
    # A sentence says something; a heading or a signature only names it. Very short and very long pieces read badly.
    sentence = 0.5 if piece.endswith((".", "!", "?", ":")) else 0.0
    return sum(term.weight for term in terms if term.occurs_in(piece)) + sentence - 0.002 * abs(len(piece) - 150)
