"""Searches what reports claim and quote: of one run, or of all of the tenant's."""

from __future__ import annotations

import asyncio
from typing import Final

from synapse.contracts.found import EvidencePage, FoundClaim
from synapse.contracts.run import RunQuery, RunState
from synapse.errors import Conflict, InvalidInput, NotFound, Permanent
from synapse.research.finding import best, found, words_of
from synapse.service.reports import Reports
from synapse.service.runs import Runs

REPORTS: Final = 20
"""That one search looks through at most: each is a blob to read."""
_AT_ONCE: Final = 4


class EvidenceDesk:
    """Finds claims and their quotes in reports of the caller's tenant; another tenant's are like none."""

    def __init__(self, runs: Runs, reports: Reports) -> None:
        self.runs = runs
        self.reports = reports

    async def search(self, query: str, *, run: str | None = None, limit: int = 10, cursor: str | None = None) -> EvidencePage:
        """Claims that the query is about, best first; without a run those of the newest reports, and of older ones by the cursor.

        Raises InvalidInput for a query without a word to look for and for a cursor that no page gave; of a run as `Reports.json`.
        """
        wanted = words_of(query)
        if not wanted:
            raise InvalidInput(
                "has no word to look for", field="query", remedy="name what you look for, not only words like 'the' or 'what'"
            )
        if run is not None:
            claims = await self._of(run, wanted)
            return EvidencePage(claims=tuple(claims[:limit]), searched=1)
        page = await asyncio.to_thread(self.runs.list, RunQuery(state=(RunState.SUCCEEDED,), limit=REPORTS, cursor=cursor))
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(of: str) -> list[FoundClaim] | None:
            async with turns:
                try:
                    return await self._of(of, wanted)
                except (NotFound, Conflict, Permanent):
                    # Its workflow makes no report, it was resumed meanwhile, or what it stored is gone.
                    return None

        lists = [each for each in await asyncio.gather(*(one(each.id) for each in page.runs)) if each is not None]
        claims = best(claim for each in lists for claim in each)
        return EvidencePage(claims=tuple(claims[:limit]), searched=len(lists), next=page.next)

    async def _of(self, run: str, wanted: frozenset[str]) -> list[FoundClaim]:
        detail = await asyncio.to_thread(self.runs.get, run)
        report = await self.reports.json(detail)
        return await asyncio.to_thread(found, run, report, wanted)
