"""Words: tokens, light stems and stop words, shared by planning, salience and corroboration."""

from __future__ import annotations

import re
from functools import lru_cache


def word_set(text: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(text.split())


WORD = re.compile(r"\w+(?:[.'’\-]\w+)*", re.UNICODE)
_POSSESSIVE = re.compile(r"['’]s$")
_PARTS = re.compile(r"[^\W_]+", re.UNICODE)

STOP_WORDS = word_set(
    """
    a about above after again all also although am an and any are aren as at be because been before being below between both but
    by can cannot could couldn d did didn do does doesn doing don done down during each either else etc ever every for from
    further had has have having he her here hers him his how however i if in into is isn it its itself just ll may me might more
    most much must my no nor not now of off on once one only onto or other others our out over own per rather re s same shall
    she should shouldn since so some such t than that the their them then there these they this those though through thus to too
    under until unless up upon us ve very via was wasn we were what when where whereas whether which while who whom whose why
    will with within without won would wouldn yet you your
    """
)

# Words that carry the kind of a question, not its topic: searching for them finds pages about questions.
QUESTION_WORDS = word_set(
    """
    cause causes caused handle handles handled handling risk risks danger dangers limitation limitations
    weakness weaknesses downside downsides
    advantage advantages advice affect affects answer best better briefly cheaper faster safer slower compare compared
    comparison decide decides describe detail details differ difference differences different disadvantage disadvantages
    drawback drawbacks benefit benefits exist exists pros cons differs explain explanation get give happen happened happens know
    like make mean meaning means need needs overview please possible properly question reason reasons recommended instead
    use used uses using versus vs want way ways work works worth
    """
)

_ORDERS = word_set("list show tell name")
"""They only make a question where they open it: "List the types" is about types, "a list" about lists."""


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A lower-case word without its commonest English endings; the same for all forms of most words, never empty."""
    word = word.lower()
    if len(word) < 4 or not word.isalpha():
        return word
    for ending, keep in (("ations", 4), ("ation", 4), ("ements", 4), ("ement", 4), ("ings", 3), ("ing", 3), ("ies", 2), ("ied", 2)):
        if word.endswith(ending) and len(word) - len(ending) >= keep:
            base = word[: -len(ending)]
            return base + "y" if ending in ("ies", "ied") else _undouble(base)
    for ending in ("ions", "ion"):
        if word.endswith(ending) and len(word) - len(ending) >= 4 and word[-len(ending) - 1] in "ts":
            return word[: -len(ending)]
    for ending in ("ed", "es", "er", "ers", "ly", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return _undouble(word[: -len(ending)])
    return word


def _undouble(base: str) -> str:
    base = base[:-1] if base.endswith("e") and len(base) > 3 else base
    return base[:-1] if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz" else base


@lru_cache(maxsize=65_536)
def _terms_of(word: str) -> tuple[str, ...]:
    lower = word.lower().replace("’", "'")
    if lower.endswith("'s"):
        lower = lower[:-2]
    if lower in STOP_WORDS:
        return ()
    parts = _PARTS.findall(lower.replace("_", " "))
    if len(parts) <= 1:
        return (stem(lower),) if lower else ()
    stems = tuple(stem(part) for part in parts if part not in STOP_WORDS and len(part) > 1)
    return (lower, *stems)


def terms(text: str) -> list[str]:
    """Stems of the content words in order; a compound such as ``asyncio.create_task`` counts as itself and as its parts."""
    return [term for word in WORD.findall(text) for term in _terms_of(word)]


def keywords(text: str) -> list[str]:
    """The content words of a question as written, without the words that only make it a question, each once."""
    seen: dict[str, str] = {}
    for place, word in enumerate(WORD.findall(text)):
        word = _POSSESSIVE.sub("", word)
        lower = word.lower()
        if lower in STOP_WORDS or (lower in QUESTION_WORDS and not word.isupper()) or (place == 0 and lower in _ORDERS):
            continue
        seen.setdefault(lower, word)
    return list(seen.values())


def squeeze(text: str) -> str:
    """The text on one line, white space made single blanks."""
    return " ".join(text.split())
