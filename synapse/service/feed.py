"""A live feed of events: one reader of the database for all who listen in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog

from synapse.contracts.messages import Event
from synapse.errors import SynapseError
from synapse.state.events import Events

_log = structlog.get_logger(__name__)
_EVERY = 0.1
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

    async def follow(self, run: str, after: int = 0) -> AsyncIterator[Event]:
        """Events of the run above ``after``, as they come; ends with the event that ends the run."""
        wake = asyncio.Event()
        listeners = self._listeners.setdefault(run, set())
        listeners.add(wake)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            while True:
                wake.clear()
                # Read before waiting: what came before this listener did is in SQL.
                page = await asyncio.to_thread(self._events.of_run, run, after, _PAGE)
                for event in page:
                    after = event.seq
                    yield event
                if page and await asyncio.to_thread(self._over, run, page[-1]):
                    return
                if len(page) < _PAGE:
                    await wake.wait()
        finally:
            listeners.discard(wake)
            if not listeners:
                self._listeners.pop(run, None)

    def _over(self, run: str, last: Event) -> bool:
        return last.name in ENDS and not self._events.of_run(run, last.seq, 1)

    async def _watch(self) -> None:
        cursor = await asyncio.to_thread(self._events.newest)
        # Whoever began to listen while the newest position was read may have missed a wake.
        self._wake(self._listeners)
        while self._listeners:
            try:
                events, cursor = await asyncio.to_thread(self._events.follow, cursor)
            except SynapseError as error:
                _log.warning("feed.waits", error=str(error))
                events = []
            self._wake({event.run for event in events})
            if len(events) < _PAGE:
                await asyncio.sleep(_EVERY)

    def _wake(self, runs: object) -> None:
        for run in list(runs):  # type: ignore[call-overload] # a set or a mapping of run ids
            for wake in self._listeners.get(run, ()):
                wake.set()


ENDS = frozenset({"run.succeeded", "run.failed", "run.cancelled"})
"""Names of the events after which nothing more comes, unless the run is resumed."""
