"""A SearXNG instance of the operator's as a search provider for the web."""

from __future__ import annotations

from typing import Any

import httpx

from synapse.contracts.evidence import Source
from synapse.errors import Permanent, Transient
from synapse.mcp_servers.providers.client import ApiClient
from synapse.mcp_servers.providers.hits import entries, kept, plain, source


class SearxngProvider:
    """Speaks SearXNG's JSON format. The instance is the operator's, so its address may be private; what it finds is not trusted."""

    name = "searxng"

    def __init__(self, base_url: str, seconds: float = 10.0, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = ApiClient(base_url, seconds, transport=transport)

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """What the instance's engines found, in its order. Raises Transient or Permanent."""
        try:
            answer = await self._client.get_json("/search", {"q": query, "format": "json", "safesearch": 1})
        except Permanent as error:
            raise Permanent(f"{error}", remedy="is the json format enabled in the instance's settings?") from None
        found = kept(map(self._source, entries(answer.get("results"), "list of results")), limit)
        silent = answer.get("unresponsive_engines")
        engines = [f"searxng {_word(entry)}" for entry in silent[:20]] if not found and isinstance(silent, list) else []
        return found, engines

    async def state(self) -> str | None:
        """None when the instance answers, else what it does instead."""
        try:
            status = await self._client.status("/healthz", 3.0)
        except Transient as error:
            return str(error)
        return None if status < 500 else f"answers {status}"

    def _source(self, hit: Any) -> Source | None:
        if not isinstance(hit, dict):
            return None
        return source(self.name, hit.get("url"), hit.get("title"), hit.get("content"), hit.get("score"), hit.get("publishedDate"))


def _word(entry: Any) -> str:
    return plain(": ".join(str(part) for part in entry[:2]) if isinstance(entry, list) else str(entry), 100)
