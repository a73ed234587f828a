"""Plain text to blocks: paragraphs are what blank lines separate, headings are underlined or marked as AsciiDoc does."""

from __future__ import annotations

import re

from synapse.extract.blocks import Blocks

_MAX_TITLE = 120
_MARKED = re.compile(r"(?P<depth>={1,5}) (?P<text>\S.*)")
_UNDERLINE = re.compile(r"([=~^+-])\1{2,}")
_UNEVEN = 2
"""By so many characters a line under a heading may be longer or shorter than the heading."""


def read_text(source: str, blocks: Blocks) -> None:
    """Append plain text to blocks; wholly indented paragraphs are taken for code."""
    for paragraph in re.split(r"\n[ \t]*\n", source.replace("\r\n", "\n").replace("\f", "\n\n")):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        marked = _MARKED.fullmatch(lines[0]) if lines else None
        if marked is not None and len(lines) == 1:
            blocks.heading(marked["text"], len(marked["depth"]))
            continue
        if len(lines) > 1 and _is_underlined(lines[0], lines[1]):
            blocks.heading(lines.pop(0), "=-~^+".index(lines.pop(0)[0]) + 1)
            paragraph = "\n".join(lines)
        if lines and len(lines) > 1 and all(line.startswith(("    ", "\t")) for line in lines):
            blocks.code(paragraph)
        else:
            blocks.paragraph(paragraph)


def _is_underlined(line: str, under: str) -> bool:
    mark = under.rstrip()
    return _UNDERLINE.fullmatch(mark) is not None and line[:1].strip() != "" and abs(len(mark) - len(line.rstrip())) <= _UNEVEN


def first_line(text: str) -> str:
    """A title for a document that has none: its first line, if it is short enough to be one."""
    line = text.split("\n", 1)[0].strip()
    return line if len(line) <= _MAX_TITLE else ""
