"""Reading pages, of the web or of a corpus, and keeping each as it was read."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from synapse.contracts.browsed import BrowsedPage, BrowseOutcome, BrowseOutcomes
from synapse.contracts.evidence import Page
from synapse.corpus.library import Library
from synapse.corpus.store import SCHEME
from synapse.egress.refused import Refused
from synapse.mcp_servers.reading import Progress, Reader
from synapse.mcp_servers.snapshots import Snapshots, part_of
from synapse.mcp_servers.tool import fault_of

AT_ONCE: Final = 5
"""Pages of one batch that are read at a time."""

Count = Callable[[int, int], Awaitable[None]]
"""(pages that are done with, pages in all)."""


@dataclass(frozen=True)
class Browser:
    """Reads what a search found."""

    library: Library
    reader: Reader
    snapshots: Snapshots

    async def read(self, url: str, report: Progress | None = None, *, max_bytes: int | None = None) -> BrowsedPage:
        """The page at a URL. Raises what reading it raises; NotFound for a document that no corpus has."""
        is_local = url.startswith(SCHEME)
        if is_local:
            page = await asyncio.to_thread(self.library.document, url)
        else:
            page = await self.reader.read(url, report, max_bytes=max_bytes)
        return await asyncio.to_thread(self._kept, page, is_local)

    async def read_many(self, urls: Sequence[str], length: int, report: Count, *, max_bytes: int | None = None) -> BrowseOutcomes:
        """The beginning of each page, or why there is none; a URL that is given twice is read once."""
        free = asyncio.Semaphore(AT_ONCE)
        distinct = list(dict.fromkeys(urls))
        found: dict[str, BrowseOutcome] = {}

        async def one(url: str) -> None:
            async with free:
                found[url] = await self._outcome(url, length, max_bytes)
            await report(len(found), len(distinct))

        async with asyncio.TaskGroup() as group:
            for url in distinct:
                group.create_task(one(url))
        return BrowseOutcomes(outcomes=tuple(found[url] for url in urls))

    async def _outcome(self, url: str, length: int, max_bytes: int | None) -> BrowseOutcome:
        try:
            page = await self.read(url, max_bytes=max_bytes)
        except Exception as error:
            if isinstance(error, Refused):
                self.reader.observe("refused", error.rule)
            return BrowseOutcome(url=url, error=fault_of("browse_many", error))
        return BrowseOutcome(url=url, page=part_of(page, 0, length))

    def _kept(self, page: Page, is_local: bool) -> BrowsedPage:
        # Lone surrogates can neither be stored as UTF-8 nor sent as JSON; a run's ledger does the same with them.
        text = page.text.encode("utf-8", "replace")
        clean = {"text": text.decode(), "title": page.title.encode("utf-8", "replace").decode()}
        sha256, trust = hashlib.sha256(text).hexdigest(), "local corpus" if is_local else "untrusted web content"
        return self.snapshots.put(BrowsedPage.model_validate({**page.model_dump(), **clean, "sha256": sha256, "trust": trust}))
