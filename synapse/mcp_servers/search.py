"""One search over all providers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from synapse.contracts.evidence import Source
from synapse.contracts.toolbox import SearchResults
from synapse.corpus.library import Library
from synapse.errors import Permanent, SynapseError, Transient
from synapse.mcp_servers.providers.base import SearchProvider, fused


async def search_corpus(library: Library, name: str, query: str, limit: int) -> SearchResults:
    """What one corpus has; nobody else is asked. Raises NotFound when there is no such corpus."""
    found = await asyncio.to_thread(lambda: library.corpus(name).search(query, limit))
    return SearchResults(sources=tuple(found))


async def search_all(providers: Sequence[SearchProvider], query: str, limit: int) -> SearchResults:
    """The fused answers of all providers. One that fails is named; Transient when all do, Permanent when there is nobody to ask."""
    if not providers:
        raise Permanent("nothing to search", remedy="index a corpus, or set SYNAPSE_SEARXNG_URL")
    answers = await asyncio.gather(*(_ask(provider, query, limit) for provider in providers))
    failed = [reason for _, reasons in answers for reason in reasons]
    if all(found is None for found, _ in answers):
        raise Transient("; ".join(failed))
    return SearchResults(sources=tuple(fused([found for found, _ in answers if found], limit)), failed=tuple(failed))


async def _ask(provider: SearchProvider, query: str, limit: int) -> tuple[list[Source] | None, list[str]]:
    try:
        return await provider.search(query, limit)
    except (SynapseError, OSError) as error:
        return None, [f"{provider.name}: {error}"]
