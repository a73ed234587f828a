"""Fetching from the web, guarded: a page names a URL, and nothing it names may lead into the operator's own network.

Every hop of a redirect is checked like the first URL, asks its own host's robots.txt, and takes its turn at that host. Bytes are
counted on the wire and after decoding, and one wall clock bounds it all. `synapse.egress.dialling` makes the connections.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from synapse.egress.dialling import AGENT, Dialler, Resolver
from synapse.egress.pauses import retry_after
from synapse.egress.refused import Refused
from synapse.egress.urls import UrlPolicy, host_of
from synapse.errors import Permanent, StepError, StepTimeout, Transient
from synapse.mcp_servers.bodies import read_beginning, read_body
from synapse.mcp_servers.cache import Kept, PageCache
from synapse.mcp_servers.politeness import Politeness
from synapse.mcp_servers.robots import MAX_BYTES as ROBOTS_BYTES
from synapse.mcp_servers.robots import SECONDS as ROBOTS_SECONDS
from synapse.mcp_servers.robots import Robots

Report = Callable[[str, int, int | None], Awaitable[None]]
"""(phase, bytes so far, bytes in all if declared); phase is 'resolve', 'robots' or 'bytes'."""
Observe = Callable[[str, str], None]
"""(what, outcome), for whoever counts."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_PAUSES: Final = frozenset({429, 503})
MAX_REDIRECTS: Final = 5
_HEADERS: Final = {
    "user-agent": AGENT,
    "accept": "text/html,application/xhtml+xml,text/plain;q=0.9,text/markdown;q=0.9,application/pdf;q=0.8,*/*;q=0.1",
    "accept-language": "en,*;q=0.5",
}


@dataclass(frozen=True)
class Fetched:
    """A response that was read to its end."""

    final_url: str
    body: bytes
    media_type: str
    charset: str | None
    fetched_at: datetime
    cached: bool = False
    """Whether the body was fetched earlier, at that time; its host may have been asked since whether it still holds."""


async def _silent(phase: str, done: int, total: int | None) -> None:
    pass


class Fetcher:
    """Fetches within limits. ``max_bytes`` bounds the body on the wire and decoded; ``seconds`` bounds everything together.

    ``obey`` tells for which URLs the host's robots.txt is asked. ``look`` sees the beginning of each body and may raise.
    """

    def __init__(
        self,
        policy: UrlPolicy,
        max_bytes: int,
        seconds: float,
        *,
        politeness: Politeness | None = None,
        obey: Callable[[httpx.URL], bool] = lambda _: False,
        cache: PageCache | None = None,
        look: Callable[[bytes], None] | None = None,
        observe: Observe = lambda *_: None,
        resolver: Resolver | None = None,
        make_transport: Callable[[ssl.SSLContext], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self.max_bytes = max_bytes
        self.seconds = seconds
        self._policy = policy
        self._dialler = Dialler(policy, resolver, make_transport)
        self._politeness = politeness or Politeness()
        self._obey = obey
        self._cache = cache
        self._look = look
        self._observe = observe
        self._robots = Robots(self._robots_txt)

    async def fetch(self, url: str, report: Report = _silent, *, max_bytes: int | None = None) -> Fetched:
        """The body behind a URL, redirects followed. ``max_bytes`` may lower the limit.

        Raises Refused for what may not be fetched, Permanent for what will not get better, Transient for what may, StepTimeout when
        the time is up.
        """
        limit = self.max_bytes if max_bytes is None else min(max_bytes, self.max_bytes)
        try:
            async with asyncio.timeout(self.seconds) as clock:
                return await self._followed(url, limit, clock, report)
        except TimeoutError:
            raise StepTimeout(f"the page did not arrive within {self.seconds:g} seconds") from None

    async def _followed(self, url: str, limit: int, clock: asyncio.Timeout, report: Report) -> Fetched:
        target = self._policy.checked(url)
        for _ in range(MAX_REDIRECTS + 1):
            key = self._key(target)
            kept = None if self._cache is None else await self._cache.find(key)
            if kept is not None and kept.is_fresh(datetime.now(UTC)):
                self._observe("cache", "hit")
                return _fetched(target, kept, limit)
            addresses = await self._dialler.addresses(target)
            await report("resolve", 0, None)
            delay = await self._robots.check(target) if self._obey(target) else 0.0
            await report("robots", 0, None)
            headers = {**_HEADERS, **({} if kept is None else kept.conditions)}
            async with self._answer(target, addresses, headers, _left(clock), delay) as response:
                if response.status_code == 304 and kept is not None and self._cache is not None:
                    self._observe("cache", "confirmed")
                    return _fetched(target, await self._cache.renew(key, kept, response.headers), limit)
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    return await self._read(target, key, response, limit, report)
                target = self._next(target, response.headers["location"])
        raise Refused(f"more than {MAX_REDIRECTS} redirects", "redirect")

    async def _robots_txt(self, url: httpx.URL) -> tuple[int, bytes]:
        """Like a page, but for its own robots.txt, its cache and most of its body."""
        for _ in range(MAX_REDIRECTS + 1):
            addresses = await self._dialler.addresses(url)
            async with self._answer(url, addresses, _HEADERS, ROBOTS_SECONDS, None) as response:
                if response.status_code in _REDIRECTS and "location" in response.headers:
                    url = self._next(url, response.headers["location"])
                    continue
                body = await read_beginning(response, ROBOTS_BYTES) if 200 <= response.status_code < 300 else b""
                return response.status_code, body
        raise Refused(f"more than {MAX_REDIRECTS} redirects", "redirect")

    def _next(self, current: httpx.URL, location: str) -> httpx.URL:
        following = self._policy.checked(location, base=current)
        if current.scheme == "https" and following.scheme != "https":
            raise Refused("a redirect leads from https to http", "redirect")
        return following

    @asynccontextmanager
    async def _answer(
        self, url: httpx.URL, addresses: Sequence[str], headers: Mapping[str, str], seconds: float, delay: float | None
    ) -> AsyncIterator[httpx.Response]:
        """The host's answer, when it is its turn. Raises Transient for one that asks to be left alone."""
        host = host_of(url)
        async with self._politeness.turn(host, seconds, delay):
            response = await self._dialler.send(url, addresses, headers, seconds)
            try:
                if response.status_code in _PAUSES:
                    asked = retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
                    if asked is not None:
                        pause = self._politeness.pause(host, asked)
                        raise Transient(f"the host answered {response.status_code}, to be asked again in {pause:.0f} s", retry_after=pause)
                yield response
            finally:
                await response.aclose()

    async def _read(self, url: httpx.URL, key: str, response: httpx.Response, limit: int, report: Report) -> Fetched:
        if response.status_code != 200:
            raise _status_error(response.status_code)

        async def arrived(done: int, total: int | None) -> None:
            await report("bytes", done, total)

        body = await read_body(response, limit, arrived, self._look)
        kind, _, parameters = response.headers.get("content-type", "").partition(";")
        fetched = Fetched(
            final_url=str(url.copy_with(fragment=None)),
            body=body,
            media_type=kind.strip().lower() or "text/html",
            charset=_charset(parameters),
            fetched_at=datetime.now(UTC),
        )
        if self._cache is not None:
            stored = await self._cache.keep(key, body, fetched.media_type, fetched.charset, fetched.fetched_at, response.headers)
            self._observe("cache", "stored" if stored else "passed")
        return fetched

    def _key(self, url: httpx.URL) -> str:
        # A page of a private host is no longer to be had once the operator does not allow the host any more.
        return f"{'allowed' if self._policy.is_allowed_host(url) else 'public'} {url.copy_with(fragment=None)}"


def _left(clock: asyncio.Timeout) -> float:
    return max(0.0, (clock.when() or 0.0) - asyncio.get_running_loop().time())


def _fetched(url: httpx.URL, kept: Kept, limit: int) -> Fetched:
    if len(kept.body) > limit:
        raise Refused(f"the page is larger than {limit} bytes", "size")
    return Fetched(str(url.copy_with(fragment=None)), kept.body, kept.media_type, kept.charset, kept.fetched_at, cached=True)


def _status_error(status: int) -> StepError:
    return Transient(f"the page answered {status}") if status in _LATER else Permanent(f"the page answered {status}")


def _charset(parameters: str) -> str | None:
    for part in parameters.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'")[:80] or None
    return None
