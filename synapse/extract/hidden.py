"""What a page holds and does not show as its own: hidden elements, and the other articles of a list below the one it is about."""

from __future__ import annotations

from lxml.html import HtmlElement

from synapse.extract.styles import concealed, hides

_NEVER = frozenset({"html", "head", "body"})
_SEVERAL = 3
"""Articles: with fewer there is no list of them."""
_WHOLE = 400
"""Code points of paragraphs that an article has at least; an element with less only frames a heading."""
_ALL = 0.9
"""Share of a page's text: what a style sheet hides of so much is the page itself, shown by a script when it is ready."""


def drop_hidden(root: HtmlElement) -> None:
    """Remove, in place, what a browser would not show: a reader neither sees it nor should a report quote it."""
    most = _ALL * _length(root)
    gone = {element for element in concealed(root) if _length(element) < most}
    for element in [each for each in root.iter() if isinstance(each.tag, str) and each.tag not in _NEVER]:
        if (element in gone or _is_hidden(element)) and element.getparent() is not None:
            element.drop_tree()


def _length(element: HtmlElement) -> int:
    return sum(len(text) for text in element.xpath(".//text()[not(parent::script or parent::style or parent::noscript)]"))


def _is_hidden(element: HtmlElement) -> bool:
    style = element.get("style")
    return "hidden" in element.attrib or bool(style and hides(style))


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
