"""Pages as the primary MCP server gives them: whole, in stretches, many at once; each with what vouches for it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from synapse.contracts.evidence import Frozen, Page
from synapse.contracts.wire import ToolFault

Trust = Literal["untrusted web content", "local corpus"]
"""Whose words a page's are: a stranger's, or of a document that the operator indexed. Neither are instructions."""


class BrowsedPage(Page):
    """A page that was read, and what vouches for it."""

    sha256: str = Field(default="", description="Of the text as UTF-8, lower-case hex: the id under which a run's ledger keeps it.")
    snapshot_id: str | None = Field(default=None, description="What read_snapshot takes; null when the page was too large to be kept.")
    trust: Trust = "untrusted web content"


class SnapshotPart(Frozen):
    """A stretch of a page that was read. Offsets count Unicode code points."""

    snapshot_id: str | None = Field(description="What read_snapshot takes; null when the page was too large to be kept.")
    url: str = Field(description="As asked for.")
    final_url: str = Field(description="After redirects.")
    title: str
    media_type: str
    fetched_at: datetime
    sha256: str = Field(description="Of the whole text as UTF-8, lower-case hex.")
    trust: Trust
    offset: int = Field(description="Where this stretch starts in the whole text.")
    text: str
    next_offset: int | None = Field(description="The offset of the next stretch, with the same page if one was given; null at the end.")
    length: int = Field(description="Of the whole text.")
    page_count: int = Field(description="How many pages the document has; 0 when it has none.")


class BrowseOutcome(Frozen):
    """What became of one URL of many: a page or an error."""

    url: str
    page: SnapshotPart | None = None
    error: ToolFault | None = None


class BrowseOutcomes(Frozen):
    """What became of each URL, in the order they were given."""

    outcomes: tuple[BrowseOutcome, ...]
