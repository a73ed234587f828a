"""Local corpora as a search provider."""

from __future__ import annotations

import asyncio

from synapse.contracts.evidence import Source
from synapse.corpus.library import Library


class CorpusProvider:
    """Asks every corpus of a library."""

    name = "corpus"

    def __init__(self, library: Library) -> None:
        self._library = library

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """The best documents of all corpora."""
        return await asyncio.to_thread(self._library.search, query, limit)
