"""Which elements a page's own styles keep from the reader's eye: inline styles, and the rules of its ``<style>`` elements.

No browser is rebuilt here. Rules of simple selectors are applied in the order in which they stand; a selector with an attribute or a
pseudo-class is passed over, and so is a rule that depends on the screen.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from lxml.html import HtmlElement

_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.S)
_COMPOUND = re.compile(r"(?P<tag>[a-z][\w-]*|\*)?(?P<rest>(?:[.#][\w-]+)*)", re.I)
_PART = re.compile(r"[.#][\w-]+")
_EVERYWHERE = re.compile(r"@media\s+(?:only\s+)?(?:screen|all)\s*$", re.I)
_NOTHING = re.compile(r"0(?:\.0*)?(?:[a-z]+|%)?$")
_HARDLY = re.compile(r"[01](?:\.\d*)?(?:px)?$")
_FAR_AWAY = re.compile(r"-\d{3,}(?:\.\d*)?[a-z]*$|-(?:[1-9]\d|\d{2,})(?:em|rem|vw|vh)$")
_CLIPPED = re.compile(r"rect\(\s*[01](?:px)?[\s,]|inset\(\s*(?:50|100)%")
_NAMES = {"white": "#ffffff", "black": "#000000"}
_NEVER = frozenset({"html", "head", "body"})


def hides(declarations: str) -> bool:
    """Whether a style keeps what it applies to from being seen: not drawn, without size, out of sight, or ink on its own colour."""
    return _hides(declarations) if ":" in declarations else False


@lru_cache(maxsize=1024)
def _hides(declarations: str) -> bool:
    style = _declared(declarations)
    if style.get("display") == "none" or style.get("visibility") in ("hidden", "collapse") or _CLIPPED.match(_clip(style)):
        return True
    if any(_NOTHING.match(style.get(name, "")) for name in ("font-size", "opacity")) or _FAR_AWAY.match(style.get("text-indent", "")):
        return True
    if style.get("position") in ("absolute", "fixed") and any(
        _FAR_AWAY.match(style.get(side, "")) for side in ("left", "top", "right", "bottom")
    ):
        return True
    if style.get("overflow") == "hidden" and any(
        _HARDLY.match(style.get(name, "")) for name in ("height", "width", "max-height", "max-width")
    ):
        return True
    ink, paper = _colour(style.get("color", "")), _colour(style.get("background-color") or style.get("background", ""))
    return ink == "transparent" or (bool(ink) and ink == paper)


def concealed(root: HtmlElement) -> set[HtmlElement]:
    """The elements that the page's own style sheets keep from being seen."""
    rules = [rule for sheet in root.iter("style") for rule in _rules(_COMMENT.sub(" ", sheet.text or ""))]
    if not rules:
        return set()
    index = _Index(root)
    gone: set[HtmlElement] = set()
    for selector, declarations in rules:
        style = _declared(declarations)
        # What a script fades in is seen by everybody: a rule's opacity is the beginning of a movement as a rule.
        if hides(";".join(f"{name}:{value}" for name, value in style.items() if name != "opacity")):
            gone |= {element for part in selector.split(",") for element in index.matching(part)}
        elif gone and (style.get("display") or style.get("visibility") == "visible"):
            gone -= {element for part in selector.split(",") for element in index.matching(part)}
    return gone


def _declared(declarations: str) -> Mapping[str, str]:
    pairs = (each.partition(":") for each in declarations.lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def _clip(style: Mapping[str, str]) -> str:
    return style.get("clip-path") or style.get("clip", "")


def _colour(value: str) -> str:
    named = _NAMES.get(value, value)
    return "#" + "".join(2 * digit for digit in named[1:]) if re.fullmatch(r"#[0-9a-f]{3}", named) else named


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """(selectors, declarations) of a style sheet, in order; those of at-rules only where they hold on any screen."""
    depth, start, opened = 0, 0, 0
    for mark in re.finditer(r"[{}]", sheet):
        if mark.group() == "{":
            opened = mark.start() if depth == 0 else opened
            depth += 1
            continue
        depth = max(0, depth - 1)
        if depth == 0:
            # Statements such as @import end with a semicolon, and no selector has one.
            prelude, block = sheet[start:opened].rpartition(";")[2].strip(), sheet[opened + 1 : mark.start()]
            start = mark.end()
            if not prelude.startswith("@"):
                yield prelude, block
            elif _EVERYWHERE.match(prelude):
                yield from _rules(block)


@dataclass(frozen=True)
class _Compound:
    """One element's part of a selector."""

    tag: str
    marks: frozenset[str]

    def fits(self, element: HtmlElement) -> bool:
        return (not self.tag or element.tag == self.tag) and self.marks <= _marks(element)


def _marks(element: HtmlElement) -> set[str]:
    """An element's classes and id as selectors name them."""
    return {*(f".{name}" for name in (element.get("class") or "").split()), *([f"#{element.get('id')}"] if element.get("id") else [])}


class _Index:
    """Elements by tag, class and id, so that a selector need not look at all of them."""

    def __init__(self, root: HtmlElement) -> None:
        self._by: dict[str, list[HtmlElement]] = defaultdict(list)
        for element in root.iter():
            if isinstance(element.tag, str) and element.tag not in _NEVER:
                for key in (element.tag, *_marks(element)):
                    self._by[key].append(element)

    def matching(self, selector: str) -> list[HtmlElement]:
        """The elements of a selector of tags, classes and ids, ``a b`` and ``a > b``; none for one of another kind."""
        steps = selector.replace(">", " > ").split()
        compounds: list[tuple[_Compound, bool]] = []
        for before, word in pairwise(["", *steps]):
            if word == ">":
                continue
            found = _COMPOUND.fullmatch(word)
            if found is None or not word:
                return []
            tag = (found["tag"] or "").lower()
            compounds.append((_Compound("" if tag == "*" else tag, frozenset(_PART.findall(found["rest"]))), before == ">"))
        if not compounds:
            return []
        last = compounds[-1][0]
        keys = [key for key in (*last.marks, last.tag) if key]
        candidates = min((self._by.get(key, []) for key in keys), key=len, default=[])
        return [element for element in candidates if last.fits(element) and _descends(element, compounds)]


def _descends(element: HtmlElement, compounds: list[tuple[_Compound, bool]]) -> bool:
    """Whether the ancestors of an element are as the selector says, the nearest that fits taken for each."""
    at: HtmlElement | None = element
    for (wanted, _), (_, is_child) in zip(reversed(compounds[:-1]), reversed(compounds), strict=False):
        at = at.getparent() if at is not None else None
        while at is not None and not is_child and not wanted.fits(at):
            at = at.getparent()
        if at is None or not wanted.fits(at):
            return False
    return True
