"""An HTML tree as blocks of text. Walks without recursion: a page may nest deeper than Python's stack."""

from __future__ import annotations

from collections.abc import Iterator

from lxml.html import HtmlElement

from synapse.extract.blocks import Blocks, tidy
from synapse.extract.styles import hides

_SKIP = frozenset(
    """
    script style nav noscript template svg iframe form button select input textarea object embed canvas audio video map head math
    footer
    """.split()  # noqa: SIM905 - one word per line would fill a page
)
_BLOCK = frozenset(
    """
    html body div section article main header aside ul ol dl dd li blockquote figure figcaption details summary address fieldset table
    tbody thead tfoot tr td th center hr p h1 h2 h3 h4 h5 h6 pre dt caption hgroup
    """.split()  # noqa: SIM905 - one word per line would fill a page
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Words of a class attribute that mark furniture of documentation generators, never content.
_FURNITURE = frozenset(
    """
    headerlink sphinxsidebar related navheader navfooter toc toctree-wrapper contents breadcrumb breadcrumbs viewcode-link indexterm
    md-nav md-header md-footer md-sidebar theme-doc-toc-mobile sr-only visually-hidden skip-link copybtn lineno linenos admonition-title
    versionselect language_switcher_placeholder noprint hidden edit-link prev-next-area pagination-nav
    """.split()  # noqa: SIM905 - one word per line would fill a page
)
_ADMONITIONS = frozenset(
    """
    note tip warning caution important admonition
    """.split()  # noqa: SIM905 - one word per line would fill a page
)
_ROLES = frozenset(
    """
    navigation banner contentinfo search complementary menu menubar toolbar dialog
    """.split()  # noqa: SIM905 - one word per line would fill a page
)
_FIELD_LIST = "field-list"
_MAX_TERM = 300
"""Code points: a longer ``dt`` is prose, not the name of what follows."""


class _Walk:
    """One pass over a tree. Inline text gathers in a buffer that the next block boundary flushes."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.buffer: list[str] = []

    def flush(self) -> None:
        if self.buffer:
            self.blocks.paragraph("".join(self.buffer))
            self.buffer.clear()

    def run(self, root: HtmlElement) -> None:
        stack: list[tuple[HtmlElement, Iterator[HtmlElement] | None]] = [(root, None)]
        while stack:
            element, children = stack.pop()
            if children is None:
                children = self.enter(element)
                if children is None:
                    self.leave(element, is_root=not stack)
                    continue
            child = next(children, None)
            if child is None:
                self.leave(element, is_root=not stack)
            else:
                stack.append((element, children))
                stack.append((child, None))
        self.flush()

    def enter(self, element: HtmlElement) -> Iterator[HtmlElement] | None:
        """Begin an element: its children, or None when it is done with already."""
        tag = element.tag
        if not isinstance(tag, str) or is_furniture(element):
            return None
        if tag in _BLOCK:
            self.flush()
        if tag in _HEADINGS:
            if not _labels_admonition(element):
                self.blocks.heading(inline(element), _HEADINGS[tag])
            return None
        if tag == "pre":
            self.blocks.code(inline(element))
            return None
        if tag == "dt":
            self.term(element)
            return None
        if tag == "table" and _is_grid(element):
            self.grid(element)
            return None
        if tag == "br":
            self.buffer.append(" ")
        if element.text:
            self.buffer.append(element.text)
        children: Iterator[HtmlElement] = iter(element)
        return children

    def leave(self, element: HtmlElement, *, is_root: bool) -> None:
        if element.tag in _BLOCK:
            self.flush()
        if element.tail and not is_root:
            self.buffer.append(element.tail)

    def term(self, element: HtmlElement) -> None:
        """A defined term heads its definition, so that it can be found and read together with it."""
        text = tidy(inline(element))
        parent = element.getparent()
        plain = parent is not None and _FIELD_LIST in (parent.get("class") or "")
        if plain or len(text) > _MAX_TERM:
            self.blocks.paragraph(text)
        else:
            self.blocks.heading(text, 6)

    def grid(self, table: HtmlElement) -> None:
        """A table of short cells: a paragraph per row, cells separated by a bar."""
        for caption in table.iterchildren("caption"):
            self.blocks.paragraph(inline(caption))
        for row in table.iter("tr"):
            cells = [tidy(inline(cell)) for cell in row.iterchildren("td", "th")]
            self.blocks.paragraph(" | ".join(cell for cell in cells if cell))


def is_furniture(element: HtmlElement) -> bool:
    """Whether an element is navigation, machinery or hidden from the reader."""
    if element.tag in _SKIP:
        return True
    attributes = element.attrib
    if not attributes:
        return False
    if "hidden" in attributes or attributes.get("aria-hidden") == "true" or attributes.get("role") in _ROLES:
        return True
    style = attributes.get("style")
    if style and hides(style):
        return True
    classes = attributes.get("class")
    return bool(classes) and not _FURNITURE.isdisjoint(classes.split())


def _labels_admonition(heading: HtmlElement) -> bool:
    """Whether a heading only says "Note" above a box of text: it names nothing and would split what it stands in."""
    parent = heading.getparent()
    return parent is not None and not _ADMONITIONS.isdisjoint((parent.get("class") or "").split())


def inline(element: HtmlElement) -> str:
    """All text of an element but its furniture, white space as it stands."""
    parts: list[str] = []
    # An explicit stack keeps `tail` of skipped elements, which belongs to the parent.
    stack: list[HtmlElement | str] = [element]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        tail = item.tail if item is not element else None
        if tail:
            stack.append(tail)
        if not isinstance(item.tag, str) or (item is not element and is_furniture(item)):
            continue
        if item.tag == "br":
            parts.append("\n")
        elif item.tag in _BLOCK and item is not element:
            stack.append(" ")
            parts.append(" ")
        stack.extend(reversed(item))
        if item.text:
            parts.append(item.text)
    return "".join(parts)


def _is_grid(table: HtmlElement) -> bool:
    """Whether a table holds data; one whose cells hold several blocks is layout, or prose in a frame."""
    for cell in table.iter("td", "th"):
        blocks = sum(1 for child in cell if child.tag in ("p", "div", "ul", "ol", "dl", "pre", "table"))
        if blocks > 1 or cell.find(".//pre") is not None:
            return False
    return True


def render(root: HtmlElement) -> Blocks:
    """The blocks of everything below an element that a reader would see as content."""
    blocks = Blocks()
    _Walk(blocks).run(root)
    return blocks
