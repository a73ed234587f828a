"""Sentences of a page's prose at exact offsets: ``text[start:end]`` is the sentence, untouched.

Headings and code give none. A list item gives its sentences, marked as such, because outside its list it often does not
stand alone; a row of a table that has a head is one. Both know what stands above them and makes them understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from synapse.research.blocks import Block, Kind, blocks
from synapse.research.text import squeeze


@dataclass(frozen=True, slots=True)
class Span:
    """One sentence and where it stands."""

    start: int
    end: int
    text: str
    """On one line, white space squeezed; otherwise as written."""
    kind: Kind
    block: int
    """Which block of the page, counted from 0."""
    nth: int
    """Which sentence of its block, counted from 0."""
    heading: str
    term: tuple[int, int] | None = None
    """Where the term or signature stands that this sentence explains, when it is the first under one."""
    lead: tuple[tuple[int, int], ...] = ()
    """Where the heading, the sentence that opens the list or the head of the table stand that a list item or row is read with."""
    before: Span | None = None
    """The sentence before it in its block."""


_END = re.compile(r"(?:\.{3}|[.!?…])[\"'”’)\]*]*(?:\[(?:\d{1,3}|[a-z])\])*(?=\s)|[。！？][」』”’)]*")
_MARKER = re.compile(r"(?:[-*•·‣◦–]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|viz|vs|al|approx|resp|incl|Fig|fig|Figs|Sec|sec|Eq|No|no|Nos|Vol|vol|pp|Ch|ch|Dr|Mr|Mrs|Ms|Prof|St|Gen|Sen|Rep"
    r"|Gov|Capt|Lt|Col|Sgt|Rev|Hon|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|Mt|Ft|dept|est|max|min|ca|Ph\.D|M\.D))\.$"
)
_SOMETIMES_LAST = re.compile(r"\b(?:etc|Inc|Ltd|Co|Corp|Jr|Sr|a\.m|p\.m|U\.S|U\.K|U\.N|D\.C)\.$")
_INITIAL = re.compile(r"(?:^|[\s(])(?:[A-Z]\.)+$")
_IDENTIFIER = re.compile(r"[a-z_]\w*(?:[._-]\w+)+(?:\(\))?|[a-z_]\w*\(\)|[a-z]\w*[A-Z]\w*")
_PARAMETER = re.compile(
    r"[a-z]\w+ (?:also|does|only|never|always|returns|supports|is|are|can|must|should|may|will|specifies|defaults|has|was) "
)
_HEADING_MARK = re.compile(r"#{1,6}\s+")
_LONGEST_ASIDE = 400
_LONGEST_LEAD = 160


def sentences(text: str) -> list[Span]:
    """The sentences of prose and of list items, in order; spans never overlap and never begin or end with white space."""
    spans: list[Span] = []
    above: Block | None = None
    heading: tuple[int, int] | None = None
    opener: tuple[int, int] | None = None
    head: tuple[int, int] | None = None
    for number, block in enumerate(blocks(text)):
        if block.kind is Kind.HEADING:
            mark = _HEADING_MARK.match(text, block.start, block.end)
            heading = (mark.end() if mark else block.start, block.end)
        if block.kind not in (Kind.LIST, Kind.TABLE):
            opener = (block.start, block.end) if text[block.end - 1] == ":" and block.end - block.start <= _LONGEST_LEAD else None
        if block.kind is not Kind.TABLE:
            head = None
        if block.kind in (Kind.PROSE, Kind.LIST):
            term = _term(text, above, block)
            lead = tuple(place for place in (opener or heading,) if place) if block.kind is Kind.LIST else ()
            before: Span | None = None
            for nth, (start, end) in enumerate(_split(text, _body(text, block), block.end)):
                said = squeeze(text[start:end])
                before = Span(start, end, said, block.kind, number, nth, block.heading, None if nth else term, () if nth else lead, before)
                spans.append(before)
        elif block.kind is Kind.TABLE:
            for start, end in _rows(text, block):
                if head is None:
                    head = (start, end)
                elif cells(text[start:end]) and len(cells(text[start:end])) == len(cells(text[slice(*head)])):
                    lead = tuple(place for place in (heading, head) if place)
                    about = squeeze(f"{block.heading} {' '.join(cells(text[slice(*head)]))}")
                    spans.append(Span(start, end, squeeze(text[start:end]), Kind.TABLE, number, 0, about, None, lead))
        above = block
    return spans


def cells(row: str) -> list[str]:
    """The cells of a table's row that say something, in order; none for the rule under a head."""
    found = [squeeze(cell) for cell in re.split(r"\||\t", row)]
    return [] if all(set(cell) <= set("-:= ") for cell in found) else [cell for cell in found if cell]


def _rows(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """The rows of a table, one a line, without the rule under its head."""
    for match in re.finditer(r"[^\n]*\S", text[block.start : block.end]):
        row = match.group()
        if cells(row):
            yield block.start + match.start() + len(row) - len(row.lstrip()), block.start + match.end()


def _term(text: str, above: Block | None, block: Block) -> tuple[int, int] | None:
    """The signature right above an explanation. It must touch: nothing but white space may stand between the two."""
    if above is None or above.kind is not Kind.TERM or text[above.end : block.start].strip():
        return None
    marker = _MARKER.match(text, above.start, above.end)
    return (marker.end() if marker else above.start, above.end)


def _body(text: str, block: Block) -> int:
    marker = _MARKER.match(text, block.start, block.end) if block.kind is Kind.LIST else None
    return marker.end() if marker else block.start


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for match in _END.finditer(text, start, end):
        if match.end() < end and not _is_end(text, start, match, end):
            continue
        yield start, match.end()
        start = match.end()
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end


def _is_end(text: str, start: int, match: re.Match[str], end: int) -> bool:
    """Whether a full stop (or its like) that white space follows closes the sentence that began at ``start``."""
    if match.group()[0] in "。！？":
        return True
    head = text[max(start, match.start() - 12) : match.start() + 1]
    rest = text[match.end() : min(end, match.end() + 80)].lstrip().lstrip("\"'“‘([*`")
    if not rest or _ABBREVIATION.search(head) or _INITIAL.search(head):
        return False
    if rest[0].islower() and not _IDENTIFIER.match(rest) and not _PARAMETER.match(rest):
        return False
    if _SOMETIMES_LAST.search(head) and not re.match(r"(?:The|A|An|In|It|If|This|That|These|When|We|You|For|To|But|However)\b", rest):
        return False
    return not _inside_aside(text, start, match, end)


def _inside_aside(text: str, start: int, match: re.Match[str], end: int) -> bool:
    """Whether the stop stands inside brackets opened in the same sentence and closed soon after."""
    opened = text.rfind("(", start, match.start())
    if opened < 0 or text.find(")", opened, match.end()) >= 0:
        return False
    closing = text.find(")", match.end(), min(end, opened + _LONGEST_ASIDE))
    return closing >= 0 and closing + 1 < end
