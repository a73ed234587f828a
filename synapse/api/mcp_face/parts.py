"""A long Markdown text in parts: its sections, and a piece of it from an offset, cut between lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from synapse.errors import InvalidInput, NotFound

_HEADING: Final = re.compile(r"^#{1,2} (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """A section: its heading, and where it stands in the text."""

    heading: str
    start: int
    end: int


def parts(text: str) -> tuple[Part, ...]:
    """The sections by their headings of the first two levels, in order."""
    found = list(_HEADING.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return tuple(Part(match[1].strip(), match.start(), end) for match, end in zip(found, ends, strict=True))


def section(text: str, wanted: str | None) -> tuple[int, int]:
    """Where the section of that heading stands, whatever its case; the whole text for None. Raises NotFound."""
    if wanted is None:
        return 0, len(text)
    there = parts(text)
    for part in there:
        if part.heading.casefold() == wanted.strip().casefold():
            return part.start, part.end
    raise NotFound(f"there is no section {wanted[:80]!r}", field="section", remedy=f"one of: {'; '.join(part.heading for part in there)}")


def piece(text: str, start: int, end: int, most: int) -> tuple[str, int]:
    """The text from ``start``, at most so many characters and not beyond ``end``, and where it ended: behind a line if there is one."""
    stop = min(end, start + most)
    if stop < end:
        behind = text.rfind("\n", start, stop) + 1
        stop = behind if behind > start else stop
    return text[start:stop], stop


def offset(cursor: str | None, start: int, end: int) -> int:
    """Where a cursor leads to, the beginning for None. Raises InvalidInput for one that was not given out for this part."""
    if cursor is None:
        return start
    if not re.fullmatch(r"[0-9]{1,12}", cursor) or not start <= int(cursor) < end:
        raise InvalidInput("is not a cursor of this part", field="cursor", remedy="take the `next` of the call before, or leave it out")
    return int(cursor)
