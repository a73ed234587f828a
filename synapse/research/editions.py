"""Which documents are editions of one another, which of them is newer, and which say of themselves that they no longer hold.

Editions have the same address, or the same title near the same address, once versions and dates are taken off. What is newer is
stated: by a replacement that is announced, by a version number, by a date. Where nothing is stated nothing is newer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from synapse.research.dates import DATE, YEAR, later, parse
from synapse.research.origin import origin_of
from synapse.research.passages import Document
from synapse.research.text import squeeze, terms

_HEAD = 900
"""Code points at a document's start in which it speaks of itself."""
_NOT_IN_FORCE = (
    r"(?:superseded|replaced|obsolete|deprecated|archived|withdrawn|retired|outdated|out of date|no longer (?:valid|in force|maintained))"
)
_ITSELF = r"(?:document|page|policy|guide|guideline|standard|version|edition|revision|procedure|article|specification|runbook|manual|list)"
_RETIRED = re.compile(
    rf"\bstatus\W{{1,4}}(?:\w+ )?(?:{_NOT_IN_FORCE}|draft|proposal|proposed|rejected|expired)\b"
    rf"|\b(?:this|the present) {_ITSELF} (?:is|was|has been|will be|should be considered)(?: \w+)? (?:{_NOT_IN_FORCE}|(?:a|only a) draft)\b"
    rf"|\bv(?:ersion )?\d[\d.]* (?:is|was|has been) (?:now )?{_NOT_IN_FORCE}"
    rf"|^\W*(?:{_NOT_IN_FORCE}|draft)(?:\s*[:!.—–-]|$| by\b)",
    re.IGNORECASE | re.MULTILINE,
)
_IN_NAME = re.compile(r"[(\[ _/-](?:draft|archived?|obsolete|deprecated|superseded)(?:$|[)\] _./-])", re.IGNORECASE)
_REPLACES = re.compile(r"\b(?:supersedes|replaces)\b:?\s+(?P<what>[^.;\n]{3,160}(?:\.\d[^.;\n]*)*)", re.IGNORECASE)
_REPLACED_BY = re.compile(
    r"\b(?:(?:superseded|replaced)[ _]by|use|see|refer to)\b:?\s+(?P<what>[^.;\n]{3,160}(?:\.\d[^.;\n]*)*)", re.IGNORECASE
)
_STATED = re.compile(
    r"\b(?:date|dated|updated|effective|valid|in force|released?|issued|edition|version|revised|revision|approved|published|modified"
    r"|reviewed|as of|since|from)\b[^.\n]{0,24}?(?P<date>" + DATE.pattern.replace("?P<", "?P<stated_") + ")",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"\b(?:v|ver|version|rev|revision|edition)[ ._:-]{0,2}(?P<number>\d+(?:[._]\d+)*|[A-Z])\b"
    r"|(?<![\w.£$€])(?P<plain>\d+\.\d+(?:\.\d+)*)\b",
    re.IGNORECASE,
)
_SEGMENT_VERSION = re.compile(
    r"v?\d+(?:\.\d+)*|latest|stable|current|archived?|drafts?|old|obsolete|deprecated|dev|main|master", re.IGNORECASE
)
_FILE_TYPE = re.compile(r"\.(?:html?|md|markdown|rst|txt|text|pdf|docx)$", re.IGNORECASE)
_NAMED_VERSION = re.compile(
    r"\b(?:v|ver|version|rev|revision|edition)[ ._-]?(?:\d+(?:[._]\d+)*|[a-z])\b|\b\d+\.\d+(?:\.\d+)*\b"
    r"|\b(?:19|20)\d\d(?:[-_ ]?\d\d\b){0,2}\b"
    r"|\b(?:draft|final|archived?|obsolete|deprecated|superseded|copy|latest)\b",
    re.IGNORECASE,
)
_SERIES = re.compile(
    r"\b(?:release notes?|changelog|change log|minutes|meeting|review|retrospective|news|newsletter|report|diary|log|all[ -]hands|council"
    r"|stand-?up|what[’']?s new|notes|blog|posts?|interview|invoice|results?)\b",
    re.IGNORECASE,
)
_FULL_DATE = re.compile(r"(?:19|20)\d\d[-_]?[01]\d[-_]?[0-3]\d")
_LEAST_TITLE = 2
"""Content words: two pages called "Overview" are not editions of one another."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What a document says of its own place among others like it."""

    address: str
    """Its address without versions and dates: editions share it."""
    title: str
    """Words of its title without versions and dates, after whose voice it is; empty when they are too few to tell."""
    marked: bool
    """Whether a version or a date was taken off its address or title."""
    version: tuple[int, ...]
    date: str
    """ISO, as far as stated; empty when it is not."""
    retired: bool
    """It says of itself that it is replaced, archived, a draft."""
    series: bool
    """One of a row, such as minutes or release notes: the next one adds to it, and does not take its place."""


@dataclass(frozen=True)
class Editions:
    """The editions among some documents, by their places."""

    of: tuple[Edition, ...]
    newer: tuple[frozenset[int], ...]
    """Per document, the newer editions of it."""

    def replaced(self, at: int) -> bool:
        """Whether what the document says no longer holds as such: it says so itself, or a newer edition took its place."""
        return self.of[at].retired or (bool(self.newer[at]) and not self.of[at].series)

    def family(self, at: int) -> int:
        """The first document that it is an edition of, older or newer: itself when it has no others."""
        return min({at, *self.newer[at], *(other for other, newer in enumerate(self.newer) if at in newer)})


def editions(documents: Sequence[Document]) -> Editions:
    """What the documents are to one another. The order in which they are given makes no difference."""
    each = tuple(edition(document) for document in documents)
    replaces, replaced_by = _announcements(documents)
    newer: list[set[int]] = [set() for _ in documents]
    for one in range(len(each)):
        for other in range(len(each)):
            if one != other and (
                (_same_family(each[one], each[other]) and is_newer(each[other], each[one]))
                or any(_names(phrase, documents[one]) for phrase in replaces[other])
                or any(_names(phrase, documents[other]) for phrase in replaced_by[one])
            ):
                newer[one].add(other)
    # Where two replace each other on the word of both, neither is newer.
    return Editions(each, tuple(frozenset(new for new in found if one not in newer[new]) for one, found in enumerate(newer)))


def edition(document: Document) -> Edition:
    """What one document says of itself: in its address, its title and its first lines."""
    url, title, head = document.snapshot.url, document.snapshot.title, document.text[:_HEAD]
    parts = urlsplit(url)
    path = _FILE_TYPE.sub("", unquote(parts.path)).strip("/")
    name = squeeze(re.sub(r"[-_/]+", " ", path))
    words = terms(_bare(title))
    voice = origin_of(url)
    return Edition(
        address=f"{parts.scheme}:{parts.netloc}/{_bare_path(path)}?{parts.query}",
        title=f"{voice} {' '.join(words)}" if len(words) >= _LEAST_TITLE else "",
        marked=_bare(title) != squeeze(title) or _bare_path(path) != _plain(path),
        version=_version(title) or _version(name) or _version(head, stated=True),
        date=_date(document, f"{title} {name}", path),
        retired=bool(_RETIRED.search(head))
        or bool(_IN_NAME.search(title))
        or (parts.scheme == "corpus" and bool(_IN_NAME.search(f"/{path}"))),
        series=bool(_SERIES.search(f"{title} {name}") or _FULL_DATE.search(path)),
    )


def is_newer(one: Edition, other: Edition) -> bool:
    """Whether one edition is newer than another of its family: by version, then by date, then because only the other is retired."""
    if one.version and other.version and one.version != other.version:
        return one.version > other.version
    if later(one.date, other.date) or later(other.date, one.date):
        return later(one.date, other.date)
    return other.retired and not one.retired


def _same_family(one: Edition, other: Edition) -> bool:
    return one.address == other.address or (bool(one.title) and one.title == other.title and (one.marked or other.marked))


def _announcements(documents: Sequence[Document]) -> tuple[list[list[str]], list[list[str]]]:
    """Per document, what it says it replaces, and what it says it is replaced by."""
    heads = [document.text[:_HEAD] for document in documents]
    replaces = [[match["what"] for match in _REPLACES.finditer(head)] for head in heads]
    replaced_by = [[match["what"] for match in _REPLACED_BY.finditer(head)] if _RETIRED.search(head) else [] for head in heads]
    return replaces, replaced_by


def _names(phrase: str, document: Document) -> bool:
    said = set(terms(phrase))
    path = _FILE_TYPE.sub("", unquote(urlsplit(document.snapshot.url).path).rsplit("/", 1)[-1])
    return any(
        len(words) >= _LEAST_TITLE and words <= said
        for words in (set(terms(document.snapshot.title)), set(terms(re.sub(r"[-_]", " ", path))))
    )


def _plain(path: str) -> str:
    return re.sub(r"[-_ ]+", "-", path.lower()).strip("-")


def _bare_path(path: str) -> str:
    segments = [segment for segment in path.split("/") if segment and not _SEGMENT_VERSION.fullmatch(segment)]
    return "/".join(_plain(_NAMED_VERSION.sub(" ", re.sub(r"[-_]", " ", segment))) for segment in segments)


def _bare(title: str) -> str:
    return squeeze(re.sub(r"\s+[:,](?=\s|$)|[(\[]\s*[)\]]|[\s:,–—-]+$", " ", _NAMED_VERSION.sub(" ", DATE.sub(" ", squeeze(title)))))


def _version(text: str, *, stated: bool = False) -> tuple[int, ...]:
    for match in _VERSION.finditer(text):
        number = match["number"]
        if number is None:
            if stated:
                continue
            number = match["plain"]
        if number.isalpha():
            # "version of", "edition in": a letter counts only in capitals, as in "revision B".
            if number.isupper() or re.search(r"rev[ ._-]?[a-z]$", match.group()):
                return (ord(number.upper()) - ord("A") + 1,)
            continue
        if len(number) == 4 and YEAR.fullmatch(number):
            continue
        return tuple(int(part) for part in re.split(r"[._]", number))
    return ()


def _date(document: Document, name: str, path: str) -> str:
    """The date a document states in its first lines, else the page's own, else one in its title or address."""
    head = document.text[:_HEAD]
    stated = [match["date"] for match in _STATED.finditer(head)]
    alone = [line.strip() for line in head.split("\n") if DATE.fullmatch(line.strip())]
    for text in (*stated, *alone):
        if (day := parse(text)) and not day.startswith("-"):
            return day
    if document.snapshot.published:
        return document.snapshot.published[:10]
    if match := _FULL_DATE.search(path):
        digits = re.sub(r"\D", "", match.group())
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    dated = next((day for match in DATE.finditer(name) if (day := parse(match.group())) and not day.startswith("-")), "")
    year = YEAR.search(name)
    return dated or (year.group() if year else "")
