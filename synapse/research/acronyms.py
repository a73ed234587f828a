"""Short forms that pages introduce themselves: "global interpreter lock (GIL)"."""

from __future__ import annotations

import re

_SHORT = re.compile(r"(?<=\s)\(([A-Z]{2,7})s?\)")
_WORD = re.compile(r"[A-Za-z]+")
_LOOK_BACK = 100
"""Code points before the brackets in which the long form must stand."""


def acronyms(text: str) -> dict[str, str]:
    """Short form → long form, as far as the initials of the words right before the brackets spell it."""
    found: dict[str, str] = {}
    for match in _SHORT.finditer(text):
        short = match[1]
        # Only the same sentence: a full stop in between would join words of two.
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()].rpartition(". ")[2]
        long = _WORD.findall(before)[-len(short) :]
        if len(long) == len(short) and all(word[0].upper() == letter for word, letter in zip(long, short, strict=True)):
            found.setdefault(short, " ".join(long))
    return found
