"""The file format of a corpus, and what goes into one row of its index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from synapse.errors import InvalidInput
from synapse.extract.blocks import Extracted

VERSION: Final = "2"
SUFFIX: Final = ".sqlite"
TOKENIZER: Final = "porter unicode61 remove_diacritics 2"

SCHEMA: Final = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, media_type TEXT NOT NULL, indexed_at TEXT NOT NULL,
  title TEXT NOT NULL, published TEXT, language TEXT, authors TEXT NOT NULL,
  pages TEXT NOT NULL);
CREATE TABLE sections (id INTEGER PRIMARY KEY, document INTEGER NOT NULL, heading TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX sections_document ON sections (document);
CREATE VIRTUAL TABLE search USING fts5(title, heading, body, content='', tokenize='{TOKENIZER}');
CREATE VIRTUAL TABLE terms USING fts5vocab('search', 'row');
"""

_NAME = re.compile(r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_DUNDER = re.compile(r"\b__([a-z]+(?:_[a-z]+)*)__\b")
DUNDER: Final = "dunder"
_MIN_SECTION = 120
_MAX_SECTION = 6_000


def checked_name(name: str) -> str:
    """The corpus name itself. Raises InvalidInput unless it is lower-case letters, digits, dots, dashes and underscores."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise InvalidInput("a corpus name has 1 to 64 lower-case letters, digits, '.', '_' or '-'", field="corpus")
    return name


def names_split(text: str) -> str:
    """The text, and its CamelCase names once more in words, so that "background tasks" finds ``BackgroundTasks``."""
    split = _CAMEL.sub(" ", text)
    return dunders_told(text if split == text else f"{text} {split}")


def dunders_told(text: str) -> str:
    """The text with a word of its own after each ``__name__``, which the tokenizer would take for the plain word."""
    return _DUNDER.sub(rf"\g<0> {DUNDER}\1", text) if "__" in text else text


def sections_of(document: Extracted) -> Iterator[tuple[str, str]]:
    """(heading, text) of the pieces of a document that are found on their own; joined they are the document's text.

    A heading with hardly any text below it stays with what follows; a piece without headings is cut between paragraphs.
    """
    text = document.text
    cuts = [heading for heading in document.headings if heading.offset > 0]
    start, label = 0, document.headings[0].text if document.headings and document.headings[0].offset == 0 else ""
    labels = [label] if label else []
    for cut in cuts:
        if cut.offset - start >= _MIN_SECTION:
            yield from _pieces(" ".join(labels), text, start, cut.offset)
            start, labels = cut.offset, []
        labels.append(cut.text)
    if start < len(text):
        yield from _pieces(" ".join(labels), text, start, len(text))


def _pieces(heading: str, text: str, start: int, stop: int) -> Iterator[tuple[str, str]]:
    while stop - start > _MAX_SECTION:
        cut = text.rfind("\n\n", start + _MAX_SECTION // 2, start + _MAX_SECTION)
        cut = cut + 2 if cut > 0 else start + _MAX_SECTION
        yield heading, text[start:cut]
        start = cut
    yield heading, text[start:stop]
