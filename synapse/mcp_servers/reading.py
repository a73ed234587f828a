"""Reading a page of the web: from a URL to its main text, and how far that is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from synapse.contracts.evidence import Page
from synapse.errors import Permanent
from synapse.extract.document import extract
from synapse.mcp_servers.fetch import Fetcher
from synapse.mcp_servers.urls import UrlPolicy
from synapse.settings import McpServerSettings

Progress = Callable[[str, float], Awaitable[None]]
"""(phase, percent); phase is 'resolve', 'robots', 'bytes' or 'parse', and percent only rises."""
Observe = Callable[[str, str], None]
"""(what, outcome), for whoever counts."""


@dataclass(frozen=True)
class Reader:
    """Fetches pages and takes the text out of them. One serves all calls of a server; `aclose` ends what it started."""

    fetcher: Fetcher
    observe: Observe = lambda *_: None

    async def read(self, url: str, report: Progress | None = None, *, max_bytes: int | None = None) -> Page:
        """The main text behind a URL. ``max_bytes`` lowers the limit of the settings, and never raises it.

        Raises Permanent for what will not get better, Transient for what may, StepTimeout when the time is up.
        """
        fetcher = self.fetcher if max_bytes is None else replace(self.fetcher, max_bytes=min(max_bytes, self.fetcher.max_bytes))
        told = _Told(report, fetcher.max_bytes)
        fetched = await fetcher.fetch(url, told.fetching)
        await told.at("parse", 90.0)
        document = await asyncio.to_thread(extract, fetched.body, fetched.media_type, charset=fetched.charset, url=fetched.final_url)
        if not document.text.strip():
            raise Permanent("the page has no readable text")
        return Page(
            url=url,
            final_url=fetched.final_url,
            title=document.title,
            text=document.text,
            media_type=document.media_type or fetched.media_type,
            fetched_at=fetched.fetched_at,
            published=document.published,
            authors=document.authors,
            language=document.language,
            pages=document.pages,
        )

    async def aclose(self) -> None:
        """End what reading started. Nothing is read afterwards."""


def reader_of(settings: McpServerSettings, home: Path, observe: Observe = lambda *_: None) -> Reader:
    """The reader that the settings ask for; what it keeps is kept below ``home``."""
    fetcher = Fetcher(UrlPolicy(settings.fetch_allow_hosts), settings.fetch_max_bytes, settings.fetch_timeout_seconds)
    return Reader(fetcher, observe)


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
