"""One search over all providers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from synapse.contracts.evidence import Source
from synapse.contracts.toolbox import SearchResults
from synapse.corpus.library import Library
from synapse.errors import Permanent, SynapseError, Transient
from synapse.mcp_servers.diversity import spread
from synapse.mcp_servers.fusion import fuse
from synapse.mcp_servers.providers.base import SearchProvider
from synapse.mcp_servers.recency import preferred, wished

_FIRST: Final = 10
"""Among so many results no domain has more than a few."""

_log = logging.getLogger(__name__)

_Answer = tuple[list[Source] | None, list[str]]
"""Sources, or None when the provider failed; and the reasons for what failed."""


async def search_one(library: Library, name: str, query: str, limit: int) -> SearchResults:
    """What one corpus has; nobody else is asked. Raises NotFound when there is no such corpus."""
    found = await asyncio.to_thread(lambda: library.corpus(name).search(query, limit))
    return SearchResults(sources=tuple(found))


async def search_all(
    providers: Sequence[SearchProvider], query: str, limit: int, *, spare: Sequence[SearchProvider] = (), today: date | None = None
) -> SearchResults:
    """The fused answers of all providers; ``spare`` ones are asked when nothing was found outside the corpora.

    One that fails is named. Raises Transient when all do, Permanent when there is nobody to ask.
    """
    if not providers and not spare:
        raise Permanent("nothing to search", remedy="index a corpus, or set SYNAPSE_SEARXNG_URL or SYNAPSE_SEARCH_PROVIDERS")
    answers = await _ask_all(providers, query, limit)
    if spare and not any(found for provider, (found, _) in zip(providers, answers, strict=True) if provider.name != "corpus"):
        answers += await _ask_all(spare, query, limit)
    failed = [reason for _, reasons in answers for reason in reasons]
    if all(found is None for found, _ in answers):
        raise Transient("; ".join(failed))
    lists = [found for found, _ in answers if found]
    # In a thread: the list of domain suffixes is read when it is first needed.
    sources = await asyncio.to_thread(arranged, lists, query, limit, today or datetime.now(UTC).date())
    return SearchResults(sources=tuple(sources), failed=tuple(failed))


def arranged(lists: Sequence[Sequence[Source]], query: str, limit: int, today: date) -> list[Source]:
    """One list of at most ``limit``: fused, with the dates the question asks for, and with several voices at its head."""
    return spread(preferred(fuse(lists), wished(query, today)), min(limit, _FIRST))[:limit]


async def _ask_all(providers: Sequence[SearchProvider], query: str, limit: int) -> list[_Answer]:
    return await asyncio.gather(*(_ask(provider, query, limit) for provider in providers))


async def _ask(provider: SearchProvider, query: str, limit: int) -> _Answer:
    try:
        return await provider.search(query, limit)
    except (SynapseError, OSError) as error:
        return None, [f"{provider.name}: {error}"]
    except Exception as error:
        # Its type only: what an unforeseen error says may hold what was sent.
        _log.error("search provider %s failed unexpectedly: %s", provider.name, type(error).__name__)
        return None, [f"{provider.name}: it failed unexpectedly: {type(error).__name__}"]
