"""HTML to main text: documentation by its structure, everything else by trafilatura, and all visible text at worst."""

from __future__ import annotations

import re

from lxml import etree, html
from lxml.html import HtmlElement

from synapse.extract.blocks import Blocks, Extracted, tidy
from synapse.extract.dom import inline, render
from synapse.extract.generic import Article, article_of
from synapse.extract.hidden import drop_hidden, drop_other_articles

# Where documentation generators put the page's content, most specific first.
_DOCUMENTATION = (
    "//*[@role='main' and (contains(concat(' ', @class, ' '), ' body ') or contains(concat(' ', @class, ' '), ' document '))]",
    "//div[contains(concat(' ', @class, ' '), ' rst-content ')]//*[@itemprop='articleBody']",
    "//article[contains(concat(' ', @class, ' '), ' bd-article ') or contains(@class, 'md-content__inner')]",
    "//div[contains(@class, 'theme-doc-markdown')]",
    "//div[contains(concat(' ', @class, ' '), ' documentwrapper ')]",
)
_GENERATORS = re.compile(r"docbook|sphinx|docutils|mkdocs|docusaurus|doxygen|rustdoc|javadoc|pdoc|asciidoctor", re.I)
_DOCBOOK = re.compile(r"^(book|part|chapter|preface|appendix|sect[1-5]|section|refentry|article|glossary|reference)$")
_SITE_SUFFIX = re.compile(r"\s+(?:[—–|·]|-)\s+[^—–|·]*(?:documentation|docs|manual|reference)\b[^—–|·]*$", re.I)
_MIN_TEXT = 200
"""Code points: with less than this where the page shows much more, trafilatura failed; on a page that small it is of no use."""


def extract_html(markup: str, url: str | None = None) -> Extracted:
    """The main text of an HTML page already decoded; empty text when the page shows none."""
    root = _parse(markup)
    if root is None:
        return Extracted(title="", text="")
    drop_hidden(root)
    main = _documentation(root)
    article: Article | None = None
    blocks = render(main) if main is not None else Blocks()
    if not blocks.text:
        everything = render(root)
        drop_other_articles(root)
        article = article_of(root, url, _titles(root))
        blocks = article.blocks
        if len(blocks.text) < _MIN_TEXT and (len(everything.text) > 2 * len(blocks.text) or len(everything.text) < 2 * _MIN_TEXT):
            blocks = everything
    title = _title(root, article.heading if article and article.heading else _first_heading(blocks))
    return Extracted(
        title=title or (article.title if article else ""),
        text=blocks.text,
        headings=tuple(blocks.headings),
        published=article.published if article else _meta(root, "article:published_time", "date", "dcterms.date", "DC.date"),
        authors=article.authors if article else (),
        language=_language(root),
    )


def _parse(markup: str) -> HtmlElement | None:
    # A declared encoding would make lxml refuse a string; libxml2 stops at its own depth limit rather than crash.
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", markup, count=1)
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return root


def _documentation(root: HtmlElement) -> HtmlElement | None:
    """The element that holds the content of a generated documentation page, None on any other page."""
    for path in _DOCUMENTATION:
        found = root.xpath(path)
        if found:
            return found[0]
    generator = " ".join(root.xpath("//meta[@name='generator' or @name='Generator']/@content"))
    if not _GENERATORS.search(generator):
        return None
    for path in ("//main", "//article", "//*[@role='main']"):
        found = root.xpath(path)
        if len(found) == 1:
            return found[0]
    body = root.find("body")
    if body is not None and "docbook" in generator.lower():
        for child in body:
            if isinstance(child.tag, str) and _DOCBOOK.match(child.get("class") or ""):
                return child
        return body
    return None


def _titles(root: HtmlElement) -> list[str]:
    """The names that a page gives itself."""
    return [*(inline(element) for element in root.iter("title", "h1")), _meta(root, "og:title") or ""]


def _first_heading(blocks: Blocks) -> str:
    return next((entry.text for entry in blocks.headings if entry.level <= 2), "")


def _title(root: HtmlElement, heading: str) -> str:
    """The page's own name: its first heading when ``<title>`` only adds the site's name to it, else ``<title>``."""
    declared = tidy(inline(root.find(".//title"))) if root.find(".//title") is not None else ""
    open_graph = _meta(root, "og:title")
    if heading and (not declared or declared.startswith(heading)):
        return heading
    return open_graph or _SITE_SUFFIX.sub("", declared) or heading


def _meta(root: HtmlElement, *names: str) -> str | None:
    for name in names:
        for value in root.xpath("//meta[@property=$name or @name=$name]/@content", name=name):
            if tidy(value):
                return tidy(value)
    return None


def _language(root: HtmlElement) -> str | None:
    code = str(root.get("lang") or root.get("xml:lang") or "")
    return code.split("-")[0].lower() or None
