"""The one door to extraction: bytes and a media type in, main text out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from synapse.errors import Permanent
from synapse.extract.blocks import Blocks, Extracted
from synapse.extract.decode import decode, is_binary
from synapse.extract.docx import MEDIA_TYPE as DOCX
from synapse.extract.docx import is_docx, read_docx
from synapse.extract.html import extract_html
from synapse.extract.markdown import read_markdown
from synapse.extract.own import REASON, has_traces, is_marked
from synapse.extract.pdf import MEDIA_TYPE as PDF
from synapse.extract.pdf import is_pdf, read_pdf
from synapse.extract.rst import read_rst
from synapse.extract.text import first_line, read_text
from synapse.extract.titles import name_of, title_of

HTML: Final = "text/html"
MARKDOWN: Final = "text/markdown"
RST: Final = "text/x-rst"
PLAIN: Final = "text/plain"
PAPERS: Final = frozenset({PDF, DOCX})
"""Packages of bytes rather than text."""

_SUFFIXES = {
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".rst": RST,
    ".txt": PLAIN,
    ".text": PLAIN,
    ".pdf": PDF,
    ".docx": DOCX,
}
_TYPES = {
    HTML: HTML,
    "application/xhtml+xml": HTML,
    MARKDOWN: MARKDOWN,
    "text/x-markdown": MARKDOWN,
    RST: RST,
    "text/prs.fallenstein.rst": RST,
    PLAIN: PLAIN,
    PDF: PDF,
    "application/x-pdf": PDF,
    DOCX: DOCX,
}

VERSION: Final = 5
"""Raise it when the same bytes give another text: corpora then read their documents anew."""


def media_type_of(path: str) -> str | None:
    """The media type by a file's name; None for a kind that is not read."""
    name = PurePosixPath(path).name.lower()
    if name.endswith(".rst.txt"):
        return RST
    return _SUFFIXES.get(PurePosixPath(name).suffix)


def is_paper(data: bytes) -> bool:
    """Whether bytes are a PDF or a DOCX, whatever their name says."""
    return is_pdf(data) or is_docx(data)


def extract(data: bytes, media_type: str, *, charset: str | None = None, url: str | None = None, name: str = "") -> Extracted:
    """The main text of a document. What the bytes are counts for more than ``media_type``, which may carry parameters.

    ``name`` is the file's; it helps where the type says nothing. Raises Permanent for bytes that are no document, for media types
    that are not read, and for reports of Synapse itself.
    """
    document = _extract(data, media_type, charset, url, name)
    if has_traces(document.text):
        raise Permanent(REASON)
    return document


def _extract(data: bytes, media_type: str, charset: str | None, url: str | None, name: str) -> Extracted:
    stated = media_type.partition(";")[0].strip().lower() or PLAIN
    kind = _TYPES.get(stated)
    file = name_of(name or url or "")
    if is_pdf(data, declared=kind == PDF):
        return read_pdf(data, file)
    if is_docx(data):
        return read_docx(data, file)
    if kind in PAPERS:
        raise Permanent(f"the document is no {'PDF' if kind == PDF else 'DOCX, or is broken'}, whatever its type says")
    if kind is None:
        raise Permanent(f"cannot read documents of type {stated[:80]!r}")
    if is_binary(data):
        raise Permanent("the document is not text, whatever its type says")
    source = decode(data, charset)
    if is_marked(source):
        raise Permanent(REASON)
    if kind == PLAIN:
        named = media_type_of(name)
        kind = named if named is not None and named not in PAPERS else PLAIN
    if kind == HTML or (kind == PLAIN and source.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))):
        document = extract_html(source, url)
        return replace(document, title=title_of(document.title, document.headings))
    blocks = Blocks()
    {MARKDOWN: read_markdown, RST: read_rst, PLAIN: read_text}[kind](source, blocks)
    title = next((heading.text for heading in blocks.headings), "") or first_line(blocks.text)
    return Extracted(title=title, text=blocks.text, headings=tuple(blocks.headings))
