"""The one door to extraction: bytes and a media type in, main text out."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from synapse.errors import Permanent
from synapse.extract.blocks import Blocks, Extracted
from synapse.extract.decode import decode, is_binary
from synapse.extract.html import extract_html
from synapse.extract.markdown import read_markdown
from synapse.extract.rst import read_rst
from synapse.extract.text import first_line, read_text

HTML: Final = "text/html"
MARKDOWN: Final = "text/markdown"
RST: Final = "text/x-rst"
PLAIN: Final = "text/plain"

_SUFFIXES = {
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".rst": RST,
    ".txt": PLAIN,
    ".text": PLAIN,
}
_TYPES = {
    HTML: HTML,
    "application/xhtml+xml": HTML,
    MARKDOWN: MARKDOWN,
    "text/x-markdown": MARKDOWN,
    RST: RST,
    "text/prs.fallenstein.rst": RST,
    PLAIN: PLAIN,
}

VERSION: Final = 1
"""Raise it when the same bytes give another text: corpora then read their documents anew."""


def media_type_of(path: str) -> str | None:
    """The media type by a file's name; None for a kind that is not read."""
    name = PurePosixPath(path).name.lower()
    if name.endswith(".rst.txt"):
        return RST
    return _SUFFIXES.get(PurePosixPath(name).suffix)


def extract(data: bytes, media_type: str, *, charset: str | None = None, url: str | None = None, name: str = "") -> Extracted:
    """The main text of a document. ``media_type`` may carry parameters; ``name`` helps where it says nothing.

    Raises Permanent for bytes that are no text and for media types that are not read.
    """
    kind = _TYPES.get(media_type.partition(";")[0].strip().lower() or PLAIN)
    if kind is None:
        raise Permanent(f"cannot read documents of type {media_type.partition(';')[0].strip()[:80]!r}")
    if is_binary(data):
        raise Permanent("the document is not text, whatever its type says")
    source = decode(data, charset)
    if kind == PLAIN:
        kind = media_type_of(name) or PLAIN
    if kind == HTML or (kind == PLAIN and source.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))):
        return extract_html(source, url)
    blocks = Blocks()
    {MARKDOWN: read_markdown, RST: read_rst, PLAIN: read_text}[kind](source, blocks)
    title = next((heading.text for heading in blocks.headings), "") or first_line(blocks.text)
    return Extracted(title=title, text=blocks.text, headings=tuple(blocks.headings))
