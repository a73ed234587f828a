"""The Brave Search API as a search provider for the web."""

from __future__ import annotations

from typing import Any, Final

import httpx
from pydantic import SecretStr

from synapse.contracts.evidence import Source
from synapse.errors import Permanent
from synapse.mcp_servers.providers.base import Pace
from synapse.mcp_servers.providers.client import ApiClient, header_value
from synapse.mcp_servers.providers.hits import entries, kept, source
from synapse.mcp_servers.providers.queries import shortened

PACE: Final = Pace(per_second=1.0)
"""The smallest plan's."""
_MOST_CHARACTERS: Final = 400
_MOST_WORDS: Final = 50


class BraveProvider:
    """Asks with a subscription token, which travels in a header."""

    name = "brave"

    def __init__(self, base_url: str, key: SecretStr, seconds: float = 10.0, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = ApiClient(base_url, seconds, {"x-subscription-token": header_value(key, "SYNAPSE_BRAVE_KEY")}, transport)

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """Pages of the web, in Brave's order. Raises Transient or Permanent."""
        text = shortened(query, _MOST_CHARACTERS, _MOST_WORDS)
        answer = await self._client.get_json(
            "/res/v1/web/search", {"q": text, "count": min(limit, 20), "result_filter": "web", "text_decorations": "false"}
        )
        web = answer.get("web") or {}
        if not isinstance(web, dict):
            raise Permanent("the answer's web is not an object")
        return kept(map(self._source, entries(web.get("results"), "list of results")), limit), []

    def _source(self, hit: Any) -> Source | None:
        if not isinstance(hit, dict):
            return None
        return source(self.name, hit.get("url"), hit.get("title"), hit.get("description"), published=hit.get("page_age"))
