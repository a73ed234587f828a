"""Any web page: trafilatura decides what is content, and its tree becomes blocks here (its own text output runs paragraphs together)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lxml import html
from lxml.html import HtmlElement

from synapse.extract.alike import add_alike
from synapse.extract.blocks import Blocks, tidy
from synapse.extract.trim import trim


@dataclass
class Article:
    """What trafilatura found: content, title, ISO date, authors."""

    blocks: Blocks = field(default_factory=Blocks)
    title: str = ""
    heading: str = ""
    """The heading that told the title again; it is no part of the content."""
    published: str | None = None
    authors: tuple[str, ...] = ()


def article_of(root: HtmlElement, url: str | None, titles: Iterable[str] = ()) -> Article:
    """The article of a page; empty when there is none. About 10 to 100 ms of CPU.

    ``titles`` are the names that the page gives itself: a heading that repeats one of them is left out of the text.
    """
    # Imported here: it takes half a second that a process which never reads a web page need not spend.
    from trafilatura import bare_extraction

    document: Any = bare_extraction(
        html.tostring(root, encoding="unicode"),
        url=url,
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        date_extraction_params={"extensive_search": False},
    )
    if document is None or document.body is None:
        return Article()
    add_alike(root, document.body)
    heading = trim(document.body, titles)
    blocks = Blocks()
    _render(document.body, blocks)
    authors = tuple(name for name in (tidy(part) for part in (document.author or "").split(";")) if name)
    return Article(blocks=blocks, title=tidy(document.title or ""), heading=heading, published=document.date, authors=authors)


_LEAVES = frozenset({"p", "head", "code", "quote", "item", "row", "cell"})


def _render(body: Any, blocks: Blocks) -> None:
    """Blocks of trafilatura's tree: p, head, list/item, table/row/cell, quote, code, with hi, ref, lb and del inline."""
    stack = list(reversed(list(body)))
    while stack:
        element = stack.pop()
        if isinstance(element, str):
            blocks.paragraph(element)
            continue
        if element.tail and element.tail.strip():
            stack.append(element.tail)
        if element.tag == "head":
            rend = element.get("rend") or "h3"
            blocks.heading("".join(element.itertext()), int(rend[1]) if rend[1:2].isdigit() else 3)
        elif element.tag == "row":
            blocks.paragraph(" | ".join(tidy(" ".join(cell.itertext())) for cell in element if tidy(" ".join(cell.itertext()))))
        elif element.tag == "code" and "\n" in "".join(element.itertext()).strip():
            blocks.code("".join(element.itertext()))
        elif _has_blocks(element):
            stack.extend(reversed(list(element)))
            if element.text and element.text.strip():
                stack.append(element.text)
        else:
            blocks.paragraph(_inline(element))


def _has_blocks(element: Iterable[Any]) -> bool:
    return any(child.tag in _LEAVES or child.tag in ("list", "table", "div") for child in element if child.tag != "code")


def _inline(element: Any) -> str:
    parts = [element.text or ""]
    for child in element:
        parts.append(" " if child.tag == "lb" else _inline(child))
        parts.append(child.tail or "")
    return "".join(parts)
