"""A question, put so that a provider's own query language finds nothing to obey in it."""

from __future__ import annotations

import re
from typing import Final

from synapse.research.text import QUESTION_WORDS, STOP_WORDS

_WORD: Final = re.compile(r"\w+(?:[.'’\-]\w+)*")


def words(query: str, most: int) -> list[str]:
    """The first ``most`` words, without punctuation: operators, wildcards and field names are made of it."""
    return _WORD.findall(query)[:most]


def telling(query: str, most: int) -> list[str]:
    """The words that carry a topic, each once; all of them when none does."""
    found = words(query, 200)
    chosen = [word for word in found if word.lower() not in STOP_WORDS and word.lower() not in QUESTION_WORDS]
    return list(dict.fromkeys(word.lower() for word in chosen or found))[:most]


def shortened(query: str, characters: int, most: int) -> str:
    """A query cut to what a provider takes, between words where there are several."""
    text = " ".join(query.split()[:most])
    if len(text) <= characters:
        return text
    return text[: characters + 1].rpartition(" ")[0] or text[:characters]
