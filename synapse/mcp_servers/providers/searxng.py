"""A SearXNG instance of the operator's as a search provider for the web."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from synapse.contracts.evidence import Source
from synapse.errors import Permanent, StepError, Transient
from synapse.extract.blocks import tidy
from synapse.mcp_servers.urls import UrlPolicy

_MAX_BYTES: Final = 4_000_000
_TAGS: Final = re.compile(r"<[^>]{0,200}>")


class _Hit(BaseModel):
    model_config = ConfigDict(extra="ignore")

    url: str
    title: str | None = None
    content: str | None = None
    score: float | None = None


class SearxngProvider:
    """Speaks SearXNG's JSON format. The instance is the operator's, so its address may be private; what it finds is not trusted."""

    name = "searxng"

    def __init__(self, base_url: str, seconds: float = 10.0, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = httpx.URL(base_url.rstrip("/") + "/search")
        self._seconds = seconds
        self._transport = transport
        self._policy = UrlPolicy()

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        """What the instance's engines found, in its order. Raises Transient or Permanent."""
        try:
            async with asyncio.timeout(self._seconds), self._client() as client:
                answer = await self._json(client, query)
        except TimeoutError:
            raise Transient(f"no answer within {self._seconds:g} seconds") from None
        except httpx.HTTPError as error:
            raise Transient(f"the connection failed: {type(error).__name__}") from error
        found = [source for source in map(self._source, answer.get("results") or ()) if source is not None]
        engines = [f"searxng {_word(entry)}" for entry in answer.get("unresponsive_engines") or ()] if not found else []
        return found[:limit], engines

    async def state(self) -> str | None:
        """None when the instance answers, else what it does instead."""
        try:
            async with asyncio.timeout(3.0), self._client() as client:
                response = await client.get(self._url.copy_with(path=self._url.path.removesuffix("/search") + "/healthz"))
        except (TimeoutError, httpx.HTTPError) as error:
            return f"no answer: {type(error).__name__}"
        return None if response.status_code < 500 else f"answers {response.status_code}"

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self._transport, trust_env=False, follow_redirects=False, timeout=self._seconds)

    async def _json(self, client: httpx.AsyncClient, query: str) -> dict[str, Any]:
        body = bytearray()
        async with client.stream("GET", self._url, params={"q": query, "format": "json", "safesearch": "1"}) as response:
            if response.status_code != 200:
                raise _status_error(response.status_code)
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise Permanent("the answer is too large")
        try:
            answer = httpx.Response(200, content=bytes(body)).json()
        except ValueError as error:
            raise Permanent("the answer is not JSON: enable the json format in the instance's settings") from error
        if not isinstance(answer, dict):
            raise Permanent("the answer is not a JSON object")
        return answer

    def _source(self, item: Any) -> Source | None:
        try:
            hit = _Hit.model_validate(item)
            url = self._policy.checked(hit.url)
        except (ValidationError, Permanent):
            return None
        return Source(
            url=str(url), title=_plain(hit.title)[:300], snippet=_plain(hit.content)[:500], provider=self.name, score=hit.score or 0.0
        )


def _plain(text: str | None) -> str:
    return tidy(_TAGS.sub("", text or ""))


def _word(entry: Any) -> str:
    return tidy(": ".join(str(part) for part in entry) if isinstance(entry, list) else str(entry))[:100]


def _status_error(status: int) -> StepError:
    if status == 403:
        return Permanent("answered 403: enable the json format in the instance's settings")
    return Transient(f"answered {status}") if status == 429 or status >= 500 else Permanent(f"answered {status}")
