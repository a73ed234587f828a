"""Titles that say something: what a program filled in is replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from synapse.extract.blocks import Heading, tidy

_FILLED_IN: Final = re.compile(
    r"(?:untitled|unnamed|no title|sans titre|ohne titel|unbenannt|sin t[ií]tulo|new document|document)[\s\d._()-]*"
    r"|(?:microsoft\s+)?(?:word|powerpoint|excel|internet explorer)(?:\s*-\s*.*|\s+document.*)"
    r"|(?:slide|page|folie|seite|dokument|doc|book|presentation)\s*\d+"
    r"|untitled document|powerpoint[ -]presentation|null|none|undefined|n/?a|about:blank"
    r"|(?:file|https?):\S+|[\w%. ()+-]{1,200}\.(?:docx?|dotx?|pdf|tex|dvi|indd|qxd|pptx?|odt|rtf|pages|ps|eps|html?|txt)"
    r"|[\W\d_]*",
    re.I,
)
_MAX_TITLE: Final = 300


def title_of(declared: str, headings: Iterable[Heading], name: str = "") -> str:
    """The declared title if it says something, else the first heading of the highest level, else the file's name; it may be empty."""
    plain = tidy(declared)
    if is_title(plain):
        return plain[:_MAX_TITLE]
    usable = [heading for heading in headings if is_title(heading.text)]
    if usable:
        return min(usable, key=lambda heading: (heading.level, heading.offset)).text[:_MAX_TITLE]
    return name


def is_title(text: str) -> bool:
    """Whether a title was given by a person, as far as one can tell."""
    return not _FILLED_IN.fullmatch(text)


def name_of(path: str) -> str:
    """The last part of a path or a URL."""
    try:
        return tidy(PurePosixPath(unquote(urlsplit(path).path if "://" in path else path)).name)
    except ValueError:
        return ""
