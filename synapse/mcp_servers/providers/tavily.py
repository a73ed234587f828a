"""Tavily as a search provider for the web."""

from __future__ import annotations

from typing import Any, Final

import httpx
from pydantic import SecretStr

from synapse.contracts.evidence import Source
from synapse.mcp_servers.providers.base import Pace
from synapse.mcp_servers.providers.client import ApiClient, header_value
from synapse.mcp_servers.providers.hits import entries, kept, source
from synapse.mcp_servers.providers.queries import shortened

PACE: Final = Pace(per_second=1.5, burst=5)
_MOST_CHARACTERS: Final = 400


class TavilyProvider:
    """Asks with an API key, which travels in a header. Only for sources: Tavily's own answer is not wanted."""

    name = "tavily"

    def __init__(self, base_url: str, key: SecretStr, seconds: float = 10.0, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = ApiClient(base_url, seconds, {"authorization": f"Bearer {header_value(key, 'SYNAPSE_TAVILY_KEY')}"}, transport)

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """Pages of the web, in Tavily's order. Raises Transient or Permanent."""
        body = {
            "query": shortened(query, _MOST_CHARACTERS, 100),
            "max_results": min(limit, 20),
            "search_depth": "basic",
            "include_answer": False,
            "include_raw_content": False,
            "include_images": False,
        }
        answer = await self._client.post_json("/search", body)
        return kept(map(self._source, entries(answer.get("results"), "list of results")), limit), []

    def _source(self, hit: Any) -> Source | None:
        if not isinstance(hit, dict):
            return None
        return source(self.name, hit.get("url"), hit.get("title"), hit.get("content"), hit.get("score"), hit.get("published_date"))
