"""Lines that are about the page rather than of its text: its title once more, notices, and what asks the reader to do something."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_LEAVES = ("p", "head", "item", "quote", "cell")
_FIRST = 3
"""Elements: a title that is told again stands among these."""
_LONGEST = 45
"""Words: a longer paragraph that only mentions a newsletter is prose."""
_NOTICE = re.compile(
    r"all rights reserved|copyright ©|^©|\bprivacy policy\b|\bsign up (?:for|to)\b.*\b(?:newsletter|updates|email)|\bto your inbox\b"
    r"|\b(?:contact|e-?mail|write to|reached at|tip)\b.*@[\w-]+\.\w|@\w+\.(?:com|org|net)\b.*\btwitter\b"
    r"|^(?:https?://\S+|\d{4}-\d\d-\d\dT[\d:.+Z-]+)$"
    r"|^(?:advertisement|order reprints|print article|comments?|share this(?: article)?|related(?: articles?| stories)?:?"
    r"|follow us\b.*|subscribe(?: now| today)?|read more:?|see more:?|don.t miss:?|thank you|click here\b.*|read (?:more|also|next): .*"
    r"|see (?:more|also): .*|related: .*|tell us what you think.*|this article has been sent to"
    r"|(?:follow|listen to|subscribe to|join) .*\b(?:facebook|twitter|instagram|youtube|channel|podcast)\b.*)$",
    re.I,
)
_NO_WORD = re.compile(r"\W+")


def trim(body: Any, titles: Iterable[str]) -> str:
    """Remove such lines from trafilatura's ``body``, in place; gives the heading that told the title again, or nothing."""
    wanted = [words for title in titles if (words := _words(title))]
    leaves = [element for element in body.iter(*_LEAVES) if not any(child.tag in _LEAVES for child in element.iterdescendants())]
    told = ""
    for place, element in enumerate(leaves):
        text = " ".join("".join(element.itertext()).split())
        again = place < _FIRST and any(_same(_words(text), title) for title in wanted)
        if again and element.tag == "head":
            told = told or text
        if again or (len(text.split()) < _LONGEST and _NOTICE.search(text)):
            _drop(element)
    return told


def _same(words: set[str], title: set[str]) -> bool:
    """Whether a line is a title: nearly nothing else, and at least half of it, for sites add their names to titles."""
    shared = len(words & title)
    return shared >= 0.7 * len(words) and 2 * len(words) >= len(title) and bool(words)


def _words(text: str) -> set[str]:
    return set(_NO_WORD.sub(" ", text.lower()).split())


def _drop(element: Any) -> None:
    """Take an element out, and leave the text after it."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail and element.tail.strip():
        previous = element.getprevious()
        if previous is not None:
            previous.tail = (previous.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
