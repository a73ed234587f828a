"""Text as blocks: paragraphs separated by a blank line, headings as lines of their own, code indented by four spaces."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field

# Zero-width, direction and tag characters: invisible to a reader, so text that only a program sees hides in them.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Heading:
    """A heading's line within the text: code point offset, level (1 is the document's title) and words."""

    offset: int
    level: int
    text: str


@dataclass(frozen=True)
class Extracted:
    """A document's main text and what it says of itself. Offsets count code points of ``text``."""

    title: str
    text: str
    headings: tuple[Heading, ...] = ()
    published: str | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None
    pages: tuple[int, ...] = ()
    """Offsets at which the pages start, the first one's being 0; empty for a document that has none."""
    media_type: str = ""
    """What the bytes turned out to be, where they tell."""


def tidy(text: str) -> str:
    """One line: white space runs become a blank, invisible and control characters go."""
    return _SPACE.sub(" ", _CONTROL.sub(" ", _INVISIBLE.sub("", text))).strip()


@dataclass
class Blocks:
    """Collects blocks in reading order and knows at which offset each heading came to stand."""

    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    headings: list[Heading] = field(default_factory=list)

    def heading(self, text: str, level: int) -> None:
        """Add a heading; an empty one is left out."""
        line = tidy(text)
        if line:
            self.headings.append(Heading(self._length, level, line))
            self._add(line)

    def paragraph(self, text: str) -> None:
        """Add a paragraph as one line; an empty one is left out."""
        line = tidy(text)
        if line:
            self._add(line)

    def code(self, text: str) -> None:
        """Add preformatted lines, indented by four spaces so that no one takes them for prose."""
        clean = _CONTROL.sub("", _INVISIBLE.sub("", text.replace("\r\n", "\n").expandtabs(8)))
        # Blank lines inside would end the block for a reader of paragraphs, hence they are dropped.
        lines = [line.rstrip() for line in textwrap.dedent(clean).split("\n") if line.strip()]
        if lines:
            self._add("\n".join("    " + line for line in lines))

    def extend(self, other: Blocks, *, shallowest: int = 1) -> None:
        """Add all blocks of another, its headings at ``shallowest`` level or deeper."""
        self.headings.extend(Heading(self._length + each.offset, max(each.level, shallowest), each.text) for each in other.headings)
        self._parts.extend(other._parts)
        self._length += other._length

    @property
    def offset(self) -> int:
        """Where the next block will stand."""
        return self._length

    @property
    def text(self) -> str:
        """Everything so far, blocks separated by one blank line."""
        return "\n\n".join(self._parts)

    def _add(self, block: str) -> None:
        self._parts.append(block)
        self._length += len(block) + 2
