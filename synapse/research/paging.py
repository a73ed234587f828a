"""On which pages of a document a span of its text stands, and how that is written."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from synapse.contracts.report import Reference


def pages_of(starts: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """First and last page, counted from 1, of ``text[start:end]``. ``starts`` are the offsets at which pages start, in order."""
    first = max(1, bisect_right(starts, start))
    return first, max(first, bisect_right(starts, max(start, end - 1)))


def pages_by_evidence(reference: Reference) -> Mapping[str, str]:
    """``p. 12`` or ``pp. 12–13`` for each piece of evidence of a source with pages."""
    return {name: shown(*pages) for name, pages in zip(reference.evidence, reference.pages, strict=False)}


def shown(first: int, last: int) -> str:
    """``p. 12``, or ``pp. 12–13``."""
    return f"p. {first}" if first == last else f"pp. {first}–{last}"
