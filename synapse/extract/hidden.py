"""What a page holds and does not show as its own: hidden elements, and the other articles of a list below the one it is about."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_NEVER = frozenset({"html", "head", "body"})
_SEVERAL = 3
"""Articles: with fewer there is no list of them."""
_WHOLE = 400
"""Code points of paragraphs that an article has at least; an element with less only frames a heading."""


def drop_hidden(root: HtmlElement) -> None:
    """Remove, in place, what a browser would not show: a reader neither sees it nor should a report quote it."""
    for element in [each for each in root.iter() if isinstance(each.tag, str) and each.tag not in _NEVER]:
        if _is_hidden(element) and element.getparent() is not None:
            element.drop_tree()


def _is_hidden(element: HtmlElement) -> bool:
    style = element.get("style")
    return "hidden" in element.attrib or bool(style and _HIDDEN.search(style))


def drop_other_articles(root: HtmlElement) -> None:
    """Remove, in place, articles beside the only one that has the page's main heading, when there are several."""
    articles = list(root.iter("article"))
    headed = [article for article in articles if article.find(".//h1") is not None]
    if len(articles) < _SEVERAL or len(headed) != 1:
        return
    (own,) = headed
    if sum(len("".join(paragraph.itertext())) for paragraph in own.iter("p")) < _WHOLE:
        return
    kept = {own, *own.iterancestors(), *own.iterdescendants("article")}
    for article in articles:
        if article not in kept and article.getparent() is not None:
            article.drop_tree()
