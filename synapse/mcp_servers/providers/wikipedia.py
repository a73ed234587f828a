"""Wikipedia, or another MediaWiki, as a search provider."""

from __future__ import annotations

from typing import Any, Final

import httpx

from synapse.contracts.evidence import Source
from synapse.errors import Permanent, Transient
from synapse.mcp_servers.providers.base import Pace
from synapse.mcp_servers.providers.client import ApiClient, contact_headers
from synapse.mcp_servers.providers.hits import entries, kept, plain, source
from synapse.mcp_servers.providers.queries import shortened

PACE: Final = Pace(per_second=2.0, burst=4)
_MOST_CHARACTERS: Final = 300
"""MediaWiki's own limit of a search, in bytes; most queries are ASCII, and a longer one is an error of its own."""
_LATER: Final = frozenset({"maxlag", "ratelimited", "readonly", "timeout", "internal_api_error_DBQueryTimeoutError"})


class WikipediaProvider:
    """Asks MediaWiki's action API for pages, each with its address and the beginning of its text."""

    name = "wikipedia"

    def __init__(
        self,
        language: str = "en",
        base_url: str | None = None,
        seconds: float = 10.0,
        contact: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = ApiClient(base_url or f"https://{language}.wikipedia.org", seconds, contact_headers(contact), transport)

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """Articles, in the order of the wiki's own search. Raises Transient or Permanent."""
        answer = await self._client.get_json(
            "/w/api.php",
            {
                "action": "query",
                "format": "json",
                "formatversion": 2,
                "generator": "search",
                "gsrsearch": shortened(query, _MOST_CHARACTERS, 60),
                "gsrlimit": min(limit, 50),
                "prop": "info|extracts",
                "inprop": "url",
                "exintro": 1,
                "explaintext": 1,
                "exlimit": 20,
            },
        )
        if (error := answer.get("error")) is not None:
            code = plain(error.get("code"), 60) if isinstance(error, dict) else ""
            raise (Transient if code in _LATER else Permanent)(f"answered with the error {code or 'without a name'}")
        found = answer.get("query") or {}
        if not isinstance(found, dict):
            raise Permanent("the answer's query is not an object")
        pages = [page for page in entries(found.get("pages"), "list of pages") if isinstance(page, dict)]
        return kept((self._source(page) for page in sorted(pages, key=_place)), limit), []

    def _source(self, page: dict[str, Any]) -> Source | None:
        # Undated: what the wiki tells is the last edit, and every article was edited lately.
        return source(self.name, page.get("canonicalurl") or page.get("fullurl"), page.get("title"), page.get("extract"))


def _place(page: dict[str, Any]) -> int:
    index = page.get("index")
    return index if isinstance(index, int) else 1_000
