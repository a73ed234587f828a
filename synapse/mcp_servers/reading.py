"""Reading a page of the web: from a URL to its main text, and how far that is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from synapse.contracts.evidence import Page
from synapse.egress.urls import UrlPolicy
from synapse.errors import Permanent
from synapse.extract.apart import Here, Readers, readers
from synapse.extract.blocks import Extracted
from synapse.mcp_servers.cache import PageCache
from synapse.mcp_servers.fetch import Fetched, Fetcher, Observe
from synapse.mcp_servers.parsed import Parsed, key_of
from synapse.mcp_servers.politeness import Politeness
from synapse.mcp_servers.sniffing import look, settled
from synapse.settings import McpServerSettings

Progress = Callable[[str, float], Awaitable[None]]
"""(phase, percent); phase is 'resolve', 'robots', 'bytes' or 'parse', and percent only rises."""


@dataclass(frozen=True)
class Reader:
    """Fetches pages and takes the text out of them. One serves all calls of a server; `aclose` ends what it started."""

    fetcher: Fetcher
    observe: Observe = lambda *_: None
    readers: Readers = field(default_factory=Here)
    parsed: Parsed = field(default_factory=Parsed)

    async def read(self, url: str, report: Progress | None = None, *, max_bytes: int | None = None) -> Page:
        """The main text behind a URL. ``max_bytes`` lowers the limit of the settings, and never raises it.

        Raises Permanent for what will not get better, Transient for what may, StepTimeout when the time is up.
        """
        told = _Told(report, self.fetcher.max_bytes)

        async def fetching(phase: str, done: int, total: int | None) -> None:
            if phase == "resolve":
                # The first page's readers are loaded while it is on its way; for an address that is refused nothing is.
                self.readers.warm()
            await told.fetching(phase, done, total)

        fetched = await self.fetcher.fetch(url, fetching, max_bytes=max_bytes)
        await told.at("parse", 90.0)
        kind = settled(fetched.body, fetched.media_type)
        document = await self._document(fetched, kind)
        if not document.text.strip():
            raise Permanent("the page has no readable text")
        return Page(
            url=url,
            final_url=fetched.final_url,
            title=document.title,
            text=document.text,
            media_type=document.media_type or kind,
            fetched_at=fetched.fetched_at,
            published=document.published,
            authors=document.authors,
            language=document.language,
            pages=document.pages,
        )

    async def _document(self, fetched: Fetched, kind: str) -> Extracted:
        key = key_of(fetched.body, kind, fetched.charset, fetched.final_url)
        document = self.parsed.find(key)
        if document is None:
            document = await self.readers.extract(fetched.body, kind, charset=fetched.charset, url=fetched.final_url)
            self.parsed.keep(key, document)
        return document

    async def aclose(self) -> None:
        """End what reading started. Nothing is read afterwards."""
        self.readers.close()


def reader_of(settings: McpServerSettings, home: Path, observe: Observe = lambda *_: None) -> Reader:
    """The reader that the settings ask for; what it keeps is kept below ``home``."""
    policy = UrlPolicy(settings.fetch_allow_hosts, settings.fetch_ports)
    fetcher = Fetcher(
        policy,
        settings.fetch_max_bytes,
        settings.fetch_timeout_seconds,
        politeness=Politeness(settings.fetch_per_host, settings.fetch_spacing_seconds),
        obey=lambda url: settings.fetch_robots == "obey" or not policy.is_allowed_host(url),
        cache=PageCache(home / "cache" / "pages", settings.fetch_cache_bytes) if settings.fetch_cache_bytes else None,
        look=look,
        observe=observe,
    )
    return Reader(fetcher, observe, readers(settings.fetch_readers, settings.fetch_reader_seconds, settings.fetch_reader_bytes))


class _Told:
    """Tells of progress in steps worth telling, and never of less than before."""

    def __init__(self, report: Progress | None, max_bytes: int) -> None:
        self._report = report
        self._max_bytes = max_bytes
        self._percent = 0.0

    async def fetching(self, phase: str, done: int, total: int | None) -> None:
        percent = {"resolve": 5.0, "robots": 10.0}.get(phase)
        await self.at(phase, 15.0 + 70.0 * min(1.0, done / (total or self._max_bytes)) if percent is None else percent)

    async def at(self, phase: str, percent: float) -> None:
        if self._report is not None and percent >= self._percent + 5.0:
            self._percent = percent
            await self._report(phase, percent)
