"""Lines as they stand on pages made paragraphs: furniture dropped, broken words whole again, headings told by their size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, takewhile

from synapse.extract.blocks import Blocks, tidy


@dataclass(frozen=True)
class Line:
    """A line of a page. Places in points, from the left and the bottom; ``height`` tells the size of its type."""

    page: int
    text: str
    left: float
    right: float
    base: float
    height: float


@dataclass
class _Block:
    """A paragraph or a heading in the making: its text, and the places in it where further pages begin."""

    last: Line
    first: Line
    text: str
    turns: list[tuple[int, int]] = field(default_factory=list)
    lines: int = 1


_MARGIN = 0.1
"""Share of the printed height, at its top and its bottom, where running headers and footers stand."""
_MIN_PAGES = 3
_MOST_PAGES = 0.4
"""Share of the pages: left and right pages often take turns, each with a header of its own."""
_BULLET = re.compile(r"^[•▪◦‣●○■□–—*·-]\s|^\(?(?:\d{1,2}|[a-z])[.)]\s")
_SENTENCE_END = re.compile(r"[.!?:;…][\"'”’»)\]]*$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BROKEN = re.compile(r"(?P<before>[^\W\d_]+)[-\u00ad\u2010]$")
_DIGITS = re.compile(r"\d+")
_HEADING_SIZE = 1.15
_MAX_HEADING = 200
_LEADER = re.compile(r"(?:[.·_]\s?){4}")
"""Between an entry of a table of contents and its page."""
_MAX_LEVEL = 3
_MAX_PARAGRAPH = 20_000
"""Code points: no paragraph is that long, whatever the lines look like."""


def reflow(lines: Sequence[Line], pages: int, blocks: Blocks) -> tuple[int, ...]:
    """Append the text of lines, in reading order, to blocks; gives the offset at which each of the pages starts.

    A page without text starts where the next one does. A paragraph that runs on over a page's end stays one.
    """
    clean = [replace(line, text=text) for line in lines if (text := tidy(line.text.replace("\u00ad", "-")))]
    kept = _without_furniture(clean, pages)
    words = Counter(word.casefold() for line in kept for word in _WORD.findall(line.text))
    body = _body_height(kept)
    levels = _levels(kept, body)
    pitch = _pitch(kept, body)
    starts: dict[int, int] = {}
    for block in _blocks(kept, words, body, pitch):
        offset = blocks.offset
        starts.setdefault(block.first.page, offset)
        for page, place in block.turns:
            starts.setdefault(page, offset + place)
        level = levels.get(round(block.first.height), 0)
        if level and len(block.text) <= _MAX_HEADING and _names(block.text):
            blocks.heading(block.text, level)
        else:
            blocks.paragraph(block.text)
    return _filled(starts, pages, len(blocks.text))


def _names(text: str) -> bool:
    return any(char.isalpha() for char in text) and not _LEADER.search(text)


def _without_furniture(lines: Sequence[Line], pages: int) -> list[Line]:
    """The lines without what stands at the same height of most pages, numbers apart: running headers, footers, page numbers."""
    if pages < _MIN_PAGES or not lines:
        return list(lines)
    lowest, highest = min(line.base for line in lines), max(line.base for line in lines)
    margin = _MARGIN * (highest - lowest)
    seen = Counter({key: len({line.page for line in group}) for key, group in _grouped(lines).items()})
    needed = max(_MIN_PAGES, _MOST_PAGES * len({line.page for line in lines}))
    dropped: set[int] = set()
    for page in _by_page(lines):
        downwards = sorted(page, key=lambda line: -line.base)
        top = takewhile(lambda line: line.base >= highest - margin and seen[_key(line)] >= needed, downwards)
        bottom = takewhile(lambda line: line.base <= lowest + margin and seen[_key(line)] >= needed, reversed(downwards))
        dropped |= {id(line) for line in (*top, *bottom)}
    return [line for line in lines if id(line) not in dropped]


def _key(line: Line) -> tuple[str, int]:
    return _DIGITS.sub("#", line.text.casefold()), round(line.base / 12)


def _grouped(lines: Iterable[Line]) -> dict[tuple[str, int], list[Line]]:
    groups: dict[tuple[str, int], list[Line]] = {}
    for line in lines:
        groups.setdefault(_key(line), []).append(line)
    return groups


def _by_page(lines: Iterable[Line]) -> list[list[Line]]:
    pages: dict[int, list[Line]] = {}
    for line in lines:
        pages.setdefault(line.page, []).append(line)
    return list(pages.values())


def _body_height(lines: Sequence[Line]) -> float:
    """The height of most of the text."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.height, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _levels(lines: Sequence[Line], body: float) -> dict[int, int]:
    """Heading levels by rounded height: the largest type is the document's title."""
    larger = sorted({round(line.height) for line in lines if line.height >= _HEADING_SIZE * body}, reverse=True)
    return {height: min(level, _MAX_LEVEL) for level, height in enumerate(larger, start=1)}


def _pitch(lines: Sequence[Line], body: float) -> float:
    """From one line of a paragraph to the next, as a share of the line's height."""
    steps = sorted(
        (one.base - two.base) / one.height
        for one, two in pairwise(line for line in lines if abs(line.height - body) <= 0.08 * body)
        if one.page == two.page and 0.5 < (one.base - two.base) / one.height < 3
    )
    return steps[len(steps) // 2] if steps else 1.0


def _same_size(one: Line, two: Line) -> bool:
    return abs(one.height - two.height) <= 0.08 * max(one.height, two.height)


def _blocks(lines: Sequence[Line], words: Counter[str], body: float, pitch: float) -> Iterable[_Block]:
    block: _Block | None = None
    right = {page[0].page: max(line.right for line in page) for page in _by_page(lines)}
    for line in lines:
        if block is None or not _goes_on(block, line, right[block.last.page], body, pitch):
            if block is not None:
                yield block
            block = _Block(last=line, first=line, text=line.text)
            continue
        joined, place = _joined(block.text, line.text, words)
        if line.page != block.last.page:
            block.turns.append((line.page, place))
        block.text, block.last, block.lines = joined, line, block.lines + 1
    if block is not None:
        yield block


def _goes_on(block: _Block, line: Line, right: float, body: float, pitch: float) -> bool:
    """Whether a line belongs to the paragraph before it."""
    last = block.last
    if not _same_size(last, line) or len(block.text) > _MAX_PARAGRAPH:
        return False
    if abs(line.base - last.base) < 0.3 * line.height and line.page == last.page:
        return line.left >= last.left
    is_heading = line.height >= _HEADING_SIZE * body
    ended = bool(_SENTENCE_END.search(last.text))
    down = (last.base - line.base) / line.height
    if line.page == last.page and down > 0:
        if down > 1.3 * pitch + 0.1:
            return False
        if is_heading:
            return True
        if _BULLET.match(line.text) and (ended or _BULLET.match(block.text)):
            return False
        indented = line.left > last.left + 0.6 * line.height and not (block.lines == 1 and _BULLET.match(block.text))
        short = ended and last.right < last.left + 0.7 * (right - last.left)
        return not indented and not short
    # The next column or page: a paragraph runs on when its sentence does.
    if is_heading or _BULLET.match(line.text):
        return False
    return line.text[:1].islower() or bool(_BROKEN.search(last.text)) or (not ended and last.right > 0.8 * right)


def _joined(before: str, after: str, words: Counter[str]) -> tuple[str, int]:
    """Two lines as one, and where in it the second begins. A hyphen at the line's end goes unless the word is known to have one."""
    broken = _BROKEN.search(before)
    if broken is None:
        return f"{before} {after}", len(before) + 1
    following = _WORD.match(after)
    if following is None or not (after[0].islower() or (broken["before"].isupper() and following.group().isupper())):
        return before + after, len(before)
    head, tail = broken["before"].casefold(), following.group().casefold()
    if words[f"{head}-{tail}"] > words[head + tail]:
        return before + after, len(before)
    return before[:-1] + after, len(before) - 1


def _filled(starts: dict[int, int], pages: int, length: int) -> tuple[int, ...]:
    found: list[int] = []
    following = length
    for page in range(pages, 0, -1):
        following = min(starts.get(page, following), following)
        found.append(following)
    return tuple(reversed(found))
