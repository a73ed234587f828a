"""OpenAlex as a search provider, for scholarly works."""

from __future__ import annotations

from typing import Any, Final

import httpx
from pydantic import SecretStr

from synapse.contracts.evidence import Source
from synapse.mcp_servers.providers.base import Pace
from synapse.mcp_servers.providers.client import ApiClient, contact_headers, header_value
from synapse.mcp_servers.providers.hits import entries, kept, source
from synapse.mcp_servers.providers.queries import words

PACE: Final = Pace(per_second=5.0, burst=5)
_MOST_WORDS: Final = 50
_MOST_POSITIONS: Final = 2_000
"""Of an abstract; a snippet needs the first hundred."""
_FIELDS: Final = "id,doi,display_name,publication_date,publication_year,best_oa_location,primary_location,abstract_inverted_index"


class OpenAlexProvider:
    """Asks for works; of each the address where it can be read, if there is one."""

    name = "openalex"

    def __init__(
        self,
        base_url: str,
        seconds: float = 10.0,
        contact: str | None = None,
        key: SecretStr | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = ApiClient(base_url, seconds, contact_headers(contact), transport)
        self._own = {"mailto": contact} if contact else {}
        # The API takes its key in the query only. The client's requests are logged nowhere.
        self._key = {"api_key": header_value(key, "SYNAPSE_OPENALEX_KEY")} if key else {}

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """Works, most relevant first. Raises Transient or Permanent."""
        text = " ".join(words(query, _MOST_WORDS))
        if not text:
            return [], []
        answer = await self._client.get_json(
            "/works", {"search": text, "per-page": min(limit, 50), "select": _FIELDS, **self._own, **self._key}
        )
        return kept(map(self._source, entries(answer.get("results"), "list of results")), limit), []

    def _source(self, work: Any) -> Source | None:
        if not isinstance(work, dict):
            return None
        published = work.get("publication_date") or str(work.get("publication_year") or "")
        snippet = abstract(work.get("abstract_inverted_index"))
        for address in (_landing(work, "best_oa_location"), _landing(work, "primary_location"), work.get("doi"), work.get("id")):
            found = source(self.name, address, work.get("display_name"), snippet, work.get("relevance_score"), published)
            if found is not None:
                return found
        return None


def abstract(inverted: Any) -> str:
    """The words of an inverted index, which maps each to its places, in their order."""
    if not isinstance(inverted, dict):
        return ""
    places = {
        place: word
        for word, found in inverted.items()
        if isinstance(found, list)
        for place in found[:_MOST_POSITIONS]
        if isinstance(place, int) and 0 <= place < _MOST_POSITIONS
    }
    return " ".join(places[place] for place in sorted(places))


def _landing(work: dict[str, Any], name: str) -> Any:
    location = work.get(name)
    return location.get("landing_page_url") if isinstance(location, dict) else None
