"""arXiv as a search provider, for papers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx
from lxml import etree

from synapse.contracts.evidence import Source
from synapse.errors import Permanent
from synapse.mcp_servers.providers.base import Pace
from synapse.mcp_servers.providers.client import ApiClient, contact_headers
from synapse.mcp_servers.providers.hits import MOST_ENTRIES, kept, plain, source
from synapse.mcp_servers.providers.queries import telling

PACE: Final = Pace(per_second=1 / 3)
"""One request in three seconds, as arXiv's terms for its API have it."""
_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_MOST_WORDS: Final = 12
_HOSTS: Final[Mapping[str, str]] = {"http://arxiv.org/": "https://arxiv.org/"}


class ArxivProvider:
    """Asks arXiv's API, one request at a time."""

    name = "arxiv"

    def __init__(
        self, base_url: str, seconds: float = 10.0, contact: str | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._client = ApiClient(base_url, seconds, contact_headers(contact), transport)
        self._one_at_a_time = asyncio.Lock()

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """Papers with their abstracts, most relevant first. Raises Transient or Permanent."""
        chosen = telling(query, _MOST_WORDS)
        if not chosen:
            return [], []
        # Joined by OR and sorted by relevance: a paper with most of the words is better than none with all.
        terms = " OR ".join(f'all:"{word}"' for word in chosen)
        async with self._one_at_a_time:
            body = await self._client.get(
                "/api/query",
                {"search_query": terms, "start": 0, "max_results": min(limit, 50), "sortBy": "relevance", "sortOrder": "descending"},
            )
        return kept(map(self._source, _entries(body)), limit), []

    def _source(self, entry: etree._Element) -> Source | None:
        address = _text(entry, "id").strip()
        for plain_http, secure in _HOSTS.items():
            if address.startswith(plain_http):
                address = secure + address.removeprefix(plain_http)
        return source(self.name, address, _text(entry, "title"), _text(entry, "summary"), published=_text(entry, "published"))


def _entries(body: bytes) -> list[etree._Element]:
    # No entity is resolved and nothing is loaded: what a document type declares is not for us to follow.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        feed = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Permanent("the answer is not XML") from None
    if feed.tag != f"{_ATOM}feed":
        raise Permanent("the answer is not an Atom feed")
    found: list[etree._Element] = feed.findall(f"{_ATOM}entry")[:MOST_ENTRIES]
    if len(found) == 1 and "/api/errors" in _text(found[0], "id"):
        raise Permanent(f"answered with an error: {plain(_text(found[0], 'summary'), 100)}")
    return found


def _text(entry: etree._Element, name: str) -> str:
    element = entry.find(f"{_ATOM}{name}")
    return "" if element is None else "".join(str(part) for part in element.itertext())
