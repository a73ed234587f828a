"""Reports of Synapse among documents: what one run has written is no evidence for the next.

A report repeats what its sources say. Read as a source it would be their echo at best, and at worst the voice of a page that got into it,
or of whoever has changed it since. Each report is marked. One that has lost its mark is known by what only reports have; what has lost
that too is somebody's own text, and sentences copied to the letter are no second voice in any document.
"""

from __future__ import annotations

import re
from typing import Final

from synapse.contracts.report import MARK

REASON: Final = "a report that Synapse wrote: it is no source for another"

_MARKED = re.compile(
    rf"^[ \t]*\[{MARK}\]:"  # Markdown
    rf"|<meta\s+name=\"generator\"\s+content=\"{MARK}\""
    r"|\A\s*\{\s*\"schema_version\":\s*\"\d+\",\s*\"question\":",  # JSON
    re.MULTILINE,
)
_TRACES = (
    re.compile(r"[●○⚠⊘]✎?\s*\[\d+\]"),
    re.compile(r"[(\s]characters \d+–\d+\)"),
    re.compile(
        r"\b(?:corroborated: independent origins say so|single source: one origin says so"
        r"|possible conflict: another source may say otherwise|superseded: a newer edition says otherwise)"
    ),
    re.compile(r"^\W*How to read the marks\W*$", re.MULTILINE),
    re.compile(r", read \d{4}-\d\d-\d\d\)"),
)
_SEVERAL = 2
"""Kinds of traces: one alone may stand in any text."""


def is_marked(source: str) -> bool:
    """Whether a file says that it is a report."""
    return _MARKED.search(source) is not None


def has_traces(text: str) -> bool:
    """Whether the text of a document was a report's, whatever became of its mark and its name."""
    return sum(trace.search(text) is not None for trace in _TRACES) >= _SEVERAL
