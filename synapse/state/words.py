"""The words of a run, and how they are searched: cut up here and not by the databases, so that both find the same.

A word is a row of letters and digits, without case and accents. Scripts that are written without blanks (Chinese, Japanese) count
each sign as a word. What is searched for must have every word; one that ends with ``*`` stands for all that begin so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

_LONGEST: Final = 64
_MOST: Final = 1000
_MOST_TEXT: Final = 20_000
ADD: Final = {
    "postgresql": "INSERT INTO run_words (run, words) VALUES (:run, array_to_tsvector(CAST(:words AS text[]))) ON CONFLICT DO NOTHING",
    "sqlite": "INSERT INTO run_words (run, words) VALUES (:run, :words)",
}
MATCH: Final = {
    "postgresql": "SELECT run FROM run_words WHERE words @@ CAST(:sought AS tsquery)",
    "sqlite": "SELECT run FROM run_words WHERE run_words MATCH :sought",
}


def words(text: str) -> list[str]:
    """The words of a text, each once, in the order they come."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text[:_MOST_TEXT]).casefold())
    # An accent is a mark that combines with the letter before it; a vowel sign of an Indic script does not, and stays.
    found = "".join(_kept(sign) for sign in folded if not unicodedata.combining(sign)).split()
    return list(dict.fromkeys(word[:_LONGEST] for word in found))[:_MOST]


def _kept(sign: str) -> str:
    if "\u2e80" <= sign <= "\u9fff" or sign >= "\U00020000":
        return f" {sign} " if sign.isalnum() else " "
    return sign if sign.isalnum() or unicodedata.category(sign).startswith("M") else " "


def words_of(run_input: Mapping[str, Any]) -> list[str]:
    """What a run is found by: its question; of a workflow that asks none, the texts at the top of its input."""
    question = run_input.get("question")
    texts = [question] if isinstance(question, str) else [value for value in run_input.values() if isinstance(value, str)]
    return words(" ".join(texts))


def stored(driver: str, found: Sequence[str]) -> Any:
    """The words as that database takes them."""
    return list(found) if driver == "postgresql" else " ".join(found)


def sought(driver: str, text: str) -> str | None:
    """The database's query for a text; None when there is no word in it, and so nothing that has it."""
    parts: dict[tuple[str, bool], None] = {}
    for piece in text.split():
        *whole, last = words(piece) or [""]
        parts |= dict.fromkeys((word, False) for word in whole)
        if last:
            parts[last, piece.endswith("*")] = None
    if not parts:
        return None
    # Words are letters and digits only, so no sign in them means anything to either query language.
    if driver == "postgresql":
        return " & ".join(f"'{word}'{':*' if prefix else ''}" for word, prefix in parts)
    return " ".join(f'"{word}"{"*" if prefix else ""}' for word, prefix in parts)
