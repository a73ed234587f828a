"""Short forms that pages introduce themselves: "global interpreter lock (GIL)"."""

from __future__ import annotations

import re

_INTRODUCED = re.compile(r"((?:[A-Za-z][\w-]*\s){2,7})\(([A-Z]{2,7})s?\)")


def acronyms(text: str) -> dict[str, str]:
    """Short form → long form, as far as the initials of the words right before the brackets spell it."""
    found: dict[str, str] = {}
    for match in _INTRODUCED.finditer(text):
        words = [word for part in match[1].split() for word in part.split("-")]
        short = match[2]
        long = words[-len(short) :]
        if len(long) == len(short) and all(word[:1].upper() == letter for word, letter in zip(long, short, strict=True)):
            found.setdefault(short, " ".join(long))
    return found
