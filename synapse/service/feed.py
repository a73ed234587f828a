"""A live feed of events: one reader of the database for all who listen in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress

import structlog

from synapse.contracts.messages import Event
from synapse.errors import SynapseError
from synapse.state.events import Cursor, Events

_log = structlog.get_logger(__name__)
_EVERY = 0.1
_RECHECK = 5.0
_PAGE = 500


class Feed:
    """Follows the event log while anybody listens. Use on one event loop.

    A listener is woken when its run has something new and reads it from SQL by number, so it misses nothing and gets nothing
    twice, whatever happens to this process in between.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._listeners: dict[str, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """End every `follow`, now and later: the process is about to stop. Call it on the feed's event loop."""
        self._closed = True
        self._wake(self._listeners)

    async def ended(self, run: str, after: int) -> bool:
        """Whether event number ``after`` ended the run, so that nothing comes after it."""
        page = await asyncio.to_thread(self._events.of_run, run, max(0, after - 1), 2)
        return bool(page) and page[-1].seq <= after and page[-1].name in ENDS

    async def follow(self, run: str, after: int = 0) -> AsyncGenerator[Event, None]:
        """Events of the run above ``after``, as they come; ends with the event that ends the run, and when the feed is closed."""
        if after and await self.ended(run, after):
            return
        wake = asyncio.Event()
        listeners = self._listeners.setdefault(run, set())
        listeners.add(wake)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            while not self._closed:
                wake.clear()
                # Read before waiting: what came before this listener did is in SQL.
                page = await asyncio.to_thread(self._events.of_run, run, after, _PAGE)
                for event in page:
                    after = event.seq
                    yield event
                if page and page[-1].name in ENDS and await self.ended(run, after):
                    return
                if len(page) < _PAGE and not self._closed:
                    await _woken(wake)
        finally:
            listeners.discard(wake)
            if not listeners:
                self._listeners.pop(run, None)

    async def _watch(self) -> None:
        cursor: Cursor | None = None
        while self._listeners and not self._closed:
            count = 0
            try:
                if cursor is None:
                    cursor = await asyncio.to_thread(self._events.newest)
                    # Whoever began to listen while the newest position was read may have missed a wake.
                    self._wake(self._listeners)
                events, cursor = await asyncio.to_thread(self._events.follow, cursor)
                count = len(events)
                self._wake({event.run for event in events})
            except SynapseError as error:
                _log.warning("feed.waits", error=str(error))
            if count < _PAGE:
                await asyncio.sleep(_EVERY)

    def _wake(self, runs: Iterable[str]) -> None:
        for run in list(runs):
            for wake in self._listeners.get(run, ()):
                wake.set()


async def _woken(wake: asyncio.Event) -> None:
    # A transaction that was open when the watch began may commit below its cursor: looking again now and then finds it.
    with suppress(TimeoutError):
        async with asyncio.timeout(_RECHECK):
            await wake.wait()


ENDS = frozenset({"run.succeeded", "run.failed", "run.cancelled"})
"""Names of the events after which nothing more comes, unless the run is resumed."""
