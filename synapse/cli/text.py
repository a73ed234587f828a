"""Text from elsewhere, made safe for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Final

_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})


def shown(text: str) -> str:
    """One line of it, without control characters: a page must not move the cursor, colour what follows or reorder it."""
    visible = ("" if unicodedata.category(char) in _HIDDEN and not char.isspace() else char for char in text)
    return " ".join("".join(visible).split())


def shown_lines(text: str) -> str:
    """The same with its lines and blanks as they are: for what is laid out by them."""
    return "".join(char for char in text if char == "\n" or unicodedata.category(char) not in _HIDDEN)


def short(text: str, width: int) -> str:
    """At most ``width`` characters of it."""
    line = shown(text)
    return line if len(line) <= width else line[: max(0, width - 1)].rstrip() + "…"


def counted(count: int, thing: str, things: str | None = None) -> str:
    """``1 page``, ``2 pages``."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def seconds(value: float) -> str:
    """``0.42 s``, ``12 s``, ``3 min 05 s``."""
    if value >= 60:
        return f"{int(value) // 60} min {int(value) % 60:02d} s"
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"
