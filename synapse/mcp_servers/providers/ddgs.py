"""The pages of public search engines, read by the ``ddgs`` package: the last resort, and an extra to be installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from synapse.contracts.evidence import Source
from synapse.errors import Permanent, Transient
from synapse.mcp_servers.providers.base import Limited, Pace
from synapse.mcp_servers.providers.hits import entries, kept, source
from synapse.mcp_servers.providers.queries import shortened

PACE: Final = Pace(per_second=0.5)
_ENGINES: Final = "duckduckgo,mojeek"
"""Named, for by default the package asks whichever engine it knows."""

Ask = Callable[[str, int, float], Sequence[Any]]
"""(query, limit, seconds) → hits as the package gives them; blocks."""


class DdgsProvider:
    """Asks in a thread. The package dials by itself: the size of what it reads is its own affair, its time is bounded."""

    name = "ddgs"

    def __init__(self, seconds: float = 10.0, ask: Ask | None = None) -> None:
        self._seconds = seconds
        self._ask = ask or asked
        # Of its own: a call that was given up still holds its thread, and corpora are read in the common ones.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="ddgs")

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """Pages of the web. Raises Limited, Transient or Permanent."""
        hits = await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, shortened(query, 400, 50), limit, self._seconds)
        return kept(map(self._source, entries(hits, "list of results")), limit), []

    def _source(self, hit: Any) -> Source | None:
        return source(self.name, hit.get("href"), hit.get("title"), hit.get("body")) if isinstance(hit, dict) else None


def asked(query: str, limit: int, seconds: float) -> Sequence[Any]:
    """What the package finds. Raises Permanent when it is not installed, Limited or Transient when it fails."""
    try:
        from ddgs import DDGS
        from ddgs.exceptions import DDGSException, RatelimitException
    except ImportError:
        raise Permanent("the package is not installed", remedy="pip install ddgs") from None
    try:
        found: Sequence[Any] = DDGS(timeout=max(1, int(seconds))).text(query, max_results=limit, backend=_ENGINES)
    except RatelimitException:
        raise Limited("the engines asked for a pause") from None
    except DDGSException as error:
        if "No results" in str(error):
            return []
        raise Transient(f"the engines did not answer: {type(error).__name__}") from None
    return found
