"""Paragraphs that an extractor left out although they stand in the same kind of element as those that it took.

Pages that cut an article into pieces, between which advertisements go, lose all but one of them otherwise.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from synapse.extract.blocks import tidy
from synapse.extract.dom import inline

_WORDS = 8
"""A shorter paragraph is a caption or a label as often as not."""
_MOST = 2_000
"""Paragraphs: a page with more is a list, and comparing them all would take seconds."""
_WORTH_IT = 0.15
"""Of the text that was taken: with less missing, what is missing was left out for a reason."""
_NO_WORD = re.compile(r"\W+")


def add_alike(root: HtmlElement, body: Any) -> None:
    """Add to trafilatura's ``body``, in place and in the page's order, the paragraphs of ``root`` that belong to it."""
    taken = {_plain("".join(element.itertext())): element for element in body.iter("p")}
    everything = " ".join(_plain("".join(element.itertext())) for element in body)
    paragraphs = [(paragraph, text) for paragraph in root.iter("p") if len((text := tidy(inline(paragraph))).split()) >= _WORDS]
    if len(paragraphs) > _MOST:
        return
    frames = {frame for paragraph, text in paragraphs if _plain(text) in taken for frame in _frames(paragraph)}
    missing: list[tuple[Any, str]] = []
    last = None
    for paragraph, text in paragraphs:
        plain = _plain(text)
        if plain in taken:
            last = taken[plain]
        elif last is not None and plain not in everything and not frames.isdisjoint(_frames(paragraph)):
            missing.append((last, text))
    if sum(len(text) for _, text in missing) < _WORTH_IT * len(everything):
        return
    for after, text in reversed(missing):
        added = etree.Element("p")
        added.text = text
        after.addnext(added)


def _frames(paragraph: HtmlElement) -> set[tuple[Any, str, str]]:
    """Where a paragraph stands: the articles around it, and the kind of its parent. Nothing when its parent is of no kind."""
    parent = paragraph.getparent()
    kind = (parent.get("class") or "").strip() if parent is not None else ""
    return {(around, parent.tag, kind) for around in paragraph.iterancestors("article", "main")} if kind else set()


def _plain(text: str) -> str:
    # Line breaks are blanks in one tree and nothing in the other.
    return _NO_WORD.sub("", text.lower())
