"""A page's text taken apart into headings, prose, list items, code and tables, each at its offset.

The text comes from many extractors: paragraphs may be hard-wrapped or one line each, code may be fenced,
prompted, bare or indented by four blanks. A line that is taken for prose by mistake ends up in somebody's report, so doubt means code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from synapse.research.dates import DATE


class Kind(StrEnum):
    """What a block is to a reader."""

    HEADING = "heading"
    TERM = "term"
    PROSE = "prose"
    LIST = "list"
    CODE = "code"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece ``text[start:end]`` of one kind, and the heading it stands under."""

    kind: Kind
    start: int
    end: int
    heading: str


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str
    indent: int = 0


_FENCE = re.compile(r"(```|~~~)")
_MARKED_HEADING = re.compile(r"#{1,6}\s+(?=\S)")
_RULE = re.compile(r"[-=*_~^+.]{3,}$")
_LIST = re.compile(r"(?:[-*•·‣◦–]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")
_CODE = re.compile(
    r"""
      (>>>|\.\.\.(\s|$)|\$\s|%\s|\w+[=-]?[#>]\s|\#!|//|/\*|--\s)                                      # prompts and comments
    | (import\s+[\w.,\s]+$|from\s+[\w.]+\s+import\b|(async\s+)?def\s+\w+|class\s+\w+.*:$|return\b.{0,60}$|await\s+\w+[.(]|@\w+)
    | ((if|for|while|with|try|else|elif|except|finally|async\s+with|async\s+for)\b.*:$)
    | (print|assert|raise|yield|pass|break|continue|del)\b[\s(]?.{0,60}[)\]'"\w]$
    | [\w.\[\]'"]+\s*(=|:=|\+=|->|=>)\s*\S
    | [\w.]+\(.*\)[;,:]?$
    | <[/!?\w][^>]*>
    """,
    re.VERBOSE,
)
_SQL = re.compile(r"(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|GRANT|FROM|WHERE|BEGIN|COMMIT|SET|WITH)\b[^.]*[;,(]?$")
_SIGNATURE = re.compile(
    r"(?:(?:class|exception|classmethod|staticmethod|abstractmethod|async|coroutine|function|method|property)\s+)*"
    r"[A-Za-z_][\w.]*\s?\(.*\)?(?:\s*->.*)?(?:\s*¶)?$"
)
_TERM = re.compile(r"(?:-{1,2}[a-zA-Z]|[A-Z][A-Z_]+\b|[a-z]\w*[_.]\w+|[A-Z]\w*\.\w+|(?:class|exception)\s+\w)")
_GLOSSARY = re.compile(r"[a-z][\w-]*(?: [\w-]+)*$")
_SYMBOLS = re.compile(r"[{}\[\]()=<>|;$\\*_&^%#@]")
_TERMINAL = re.compile(r"[.!?:;。！？…][\"'”’)\]]*(?:\[\w{1,3}\])*$")
_STOPPED = re.compile(r"[.!?。！？…][\"'”’)\]]*(?:\[\w{1,3}\])*$")
_CODE_INDENT = 4
_MOST_TERM = 200
_STANDING = re.compile(
    r"(?:status|version|date|updated|effective(?: date)?|valid|issued|owner|audience|present|authors?):\s", re.IGNORECASE
)
"""A line that says something of the document, under which nothing stands."""
_OPEN_ENDED = re.compile(
    r"(?:[,(–—-]|\b(?:a|an|the|and|or|but|of|to|in|on|at|by|for|with|from|as|is|are|was|were|be|that|which|if|when|than|its|their|this|these"
    r"|will|can|may|must|should|not|only|also|into|such|like|called|using|any|all|each|other|has|have|it|you))$",
    re.IGNORECASE,
)


def blocks(text: str) -> list[Block]:
    """The blocks of a text in order, never overlapping. Blank lines, rules and fences belong to none."""
    found: list[Block] = []
    heading = ""
    for kind, first, last in _runs(_lines(text)):
        if kind in (Kind.HEADING, Kind.TERM):
            heading = _MARKED_HEADING.sub("", first.text).rstrip("#¶ ").strip()
        found.append(Block(kind, first.start, last.end, heading))
    return found


def _lines(text: str) -> list[_Line]:
    lines = []
    at = 0
    for raw in text.splitlines(keepends=True):
        stripped = raw.strip()
        start = at + (len(raw) - len(raw.lstrip()) if stripped else 0)
        lines.append(_Line(start, start + len(stripped), stripped, start - at))
        at += len(raw)
    return lines


def _runs(lines: list[_Line]) -> Iterator[tuple[Kind, _Line, _Line]]:
    """Neighbouring lines of one block put together: its kind, first and last line."""
    open_kind: Kind | None = None
    first = last = _Line(0, 0, "")
    fence = ""
    for position, line in enumerate(lines):
        following = lines[position + 1] if position + 1 < len(lines) else _Line(0, 0, "")
        mark = _FENCE.match(line.text)
        inside, fence = bool(fence), _next_fence(fence, mark.group(1) if mark else "")
        indented = line.indent >= _CODE_INDENT and (open_kind is Kind.CODE or (open_kind is None and not _LIST.match(line.text)))
        if mark or not line.text or _RULE.match(line.text):
            kind = None
        else:
            kind = Kind.CODE if inside or indented else _kind(line, following, open_kind, last)
        if kind is not None and kind is open_kind and _joins(kind, last, line):
            last = line
            continue
        if open_kind is Kind.LIST and kind is Kind.PROSE and _continues(last, line):
            last = line
            continue
        if open_kind is not None:
            yield open_kind, first, last
        open_kind, first, last = kind, line, line
    if open_kind is not None:
        yield open_kind, first, last


def _next_fence(fence: str, mark: str) -> str:
    if not mark:
        return fence
    return "" if fence == mark else fence or mark


def _kind(line: _Line, following: _Line, before: Kind | None, last: _Line) -> Kind:
    text = line.text
    if _MARKED_HEADING.match(text):
        return Kind.HEADING
    wrapped = before in (Kind.PROSE, Kind.LIST) and _continues(last, line)
    if text.count("|") >= 2 or text.count("\t") >= 2 or (text.count(" | ") == 1 and not wrapped):
        return Kind.TABLE
    marker = _LIST.match(text)
    body = text[marker.end() :] if marker else text
    if body.endswith("¶"):
        return Kind.TERM if _SIGNATURE.match(body) else Kind.HEADING
    if before is None and _is_term(body, following):
        return Kind.TERM
    if marker and not wrapped:
        return Kind.CODE if _is_code(body) else Kind.LIST
    if not wrapped and _is_code(text):
        return Kind.CODE
    if before is Kind.CODE and not wrapped and _code_goes_on(text):
        return Kind.CODE
    return Kind.HEADING if not wrapped and _is_heading(line, following) else Kind.PROSE


def _is_term(text: str, following: _Line) -> bool:
    """Whether a line alone names a function, an option or a setting that the next paragraph explains."""
    if following.text or len(text) > _MOST_TERM or _STOPPED.search(text):
        return False
    # A lone line in lower case is how definition lists and glossaries name what they define.
    return bool(_SIGNATURE.match(text)) or (len(text.split()) <= 6 and (bool(_TERM.match(text)) or bool(_GLOSSARY.match(text))))


def _is_code(text: str) -> bool:
    if _STOPPED.search(text) and " " in text and not text.startswith((">>>", "...", "$ ", "//", "/*", "#!")):
        return _density(text) > 0.2
    return bool(_CODE.match(text) or _SQL.match(text)) or text.endswith(("{", "}", ";", "\\")) or _density(text) > 0.12


def _density(text: str) -> float:
    return len(_SYMBOLS.findall(text)) / len(text)


def _code_goes_on(text: str) -> bool:
    """Whether a line right under code is still part of it, such as printed output or a wrapped call."""
    return not _STOPPED.search(text) and (len(text) < 40 or not text[0].isupper())


def _is_heading(line: _Line, following: _Line) -> bool:
    text = line.text
    if len(text) > 90 or _OPEN_ENDED.search(text) or DATE.fullmatch(text) or _STANDING.match(text):
        return False
    if text.endswith("?"):
        return True
    words = text.split()
    if _TERMINAL.search(text) or len(words) > 12 or text[0] in ",.;:)]}":
        return False
    return not following.text or not _continues(line, following)


def _joins(kind: Kind, last: _Line, line: _Line) -> bool:
    if kind in (Kind.CODE, Kind.TABLE):
        return True
    if kind is Kind.TERM:
        return False
    return kind is Kind.PROSE and (_continues(last, line) or bool(_STOPPED.search(last.text)))


def _continues(last: _Line, line: _Line) -> bool:
    """Whether a line was broken off the one before it by wrapping, not begun anew."""
    if not line.text or _STOPPED.search(last.text) or last.text.endswith((":", "¶")):
        return False
    first = line.text[0]
    if _LIST.match(line.text) and first in "-*•·":
        return False
    return first.islower() or first in "(“\"'" or len(last.text) >= 45 or bool(_OPEN_ENDED.search(last.text))
