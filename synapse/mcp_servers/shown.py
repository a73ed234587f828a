"""The primary server's results in words: many hosts show a model this part of an answer only."""

from __future__ import annotations

from synapse.contracts.browsed import BrowsedPage, BrowseOutcomes, SnapshotPart
from synapse.contracts.toolbox import SearchResults


def results(found: SearchResults) -> str:
    """Sources in their order, and who was not asked."""
    lines = [f"{number}. {source.title}\n   {source.url}\n   {source.snippet}" for number, source in enumerate(found.sources, start=1)]
    lines += [f"not asked: {reason}" for reason in found.failed]
    return "\n".join(lines) or "nothing found"


def page(read: BrowsedPage) -> str:
    """A page, whose words it is first."""
    return f"{read.title}\n{read.final_url}\n[{read.trust}]\n\n{read.text}"


def part(read: SnapshotPart) -> str:
    """A stretch of a page, and how to go on."""
    more = f"\n\n[go on with read_snapshot {read.snapshot_id} at offset {read.next_offset}]" if read.next_offset is not None else ""
    return f"{read.title}\n{read.final_url}\n[{read.trust}]\n\n{read.text}{more}"


def outcomes(batch: BrowseOutcomes) -> str:
    """Every page of a batch, or why there is none."""
    shown = [
        part(each.page) if each.page else f"{each.url}\nnot read: {each.error.message if each.error else ''}" for each in batch.outcomes
    ]
    return "\n\n---\n\n".join(shown)
