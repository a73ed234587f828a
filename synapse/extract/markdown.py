"""Markdown to blocks, over CommonMark tokens; raw HTML inside it is read as HTML."""

from __future__ import annotations

import re
from functools import cache

from lxml import html
from markdown_it import MarkdownIt
from markdown_it.token import Token

from synapse.extract.blocks import Blocks, tidy
from synapse.extract.dom import inline as html_text

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.S)
_OF_ITSELF = re.compile(
    r"^(status|version|date|updated|effective|supersedes|replaces|superseded[_-]by|replaced[_-]by):[ \t]*[\"']?([^\n\"'\[{}]{1,120})",
    re.M | re.I,
)
"""What front matter says of the document's own standing; the rest of it is for machines."""
_TAG = re.compile(r"<[^>]+>")


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def read_markdown(source: str, blocks: Blocks) -> None:
    """Append the text of a Markdown source to blocks."""
    front = _FRONT_MATTER.match(source)
    tokens = _parser().parse(source[front.end() :] if front else source)
    if front and (standing := _OF_ITSELF.findall(front.group())):
        blocks.paragraph("; ".join(f"{key.replace('_', ' ')}: {value.strip()}" for key, value in standing).capitalize() + ".")
    level = 0
    item = False
    row: list[str] | None = None
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type == "heading_close":
            level = 0
        elif token.type in ("list_item_open", "list_item_close"):
            item = token.type == "list_item_open"
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            blocks.paragraph(" | ".join(cell for cell in row if cell))
            row = None
        elif token.type == "inline":
            text = _inline(token)
            if row is not None:
                row.append(tidy(text))
            elif level:
                blocks.heading(text, level)
            elif item:
                # The marker tells a piece of a list from a heading; what follows in the same item is prose.
                blocks.paragraph(f"- {text}")
                item = False
            else:
                blocks.paragraph(text)
        elif token.type in ("fence", "code_block"):
            blocks.code(token.content)
        elif token.type == "html_block":
            blocks.paragraph(_html(token.content))


def _inline(token: Token) -> str:
    parts: list[str] = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return _TAG.sub("", "".join(parts))


def _html(content: str) -> str:
    try:
        return html_text(html.fragment_fromstring(content, create_parent="div"))
    except (ValueError, html.etree.ParserError):
        return ""
