"""Plain text to blocks: paragraphs are what blank lines separate."""

from __future__ import annotations

import re

from synapse.extract.blocks import Blocks

_MAX_TITLE = 120


def read_text(source: str, blocks: Blocks) -> None:
    """Append plain text to blocks; wholly indented paragraphs are taken for code."""
    for paragraph in re.split(r"\n[ \t]*\n", source.replace("\r\n", "\n").replace("\f", "\n\n")):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        if lines and len(lines) > 1 and all(line.startswith(("    ", "\t")) for line in lines):
            blocks.code(paragraph)
        else:
            blocks.paragraph(paragraph)


def first_line(text: str) -> str:
    """A title for a document that has none: its first line, if it is short enough to be one."""
    line = text.split("\n", 1)[0].strip()
    return line if len(line) <= _MAX_TITLE else ""
