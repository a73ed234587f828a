"""A live feed of events: one reader of the database for all who listen in this process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Final

import structlog

from synapse.contracts.messages import Event
from synapse.errors import SynapseError
from synapse.state.events import Cursor, Events

_log = structlog.get_logger(__name__)
_EVERY: Final = 0.1
_RECHECK: Final = 5.0
_PAGE: Final = 500
_AHEAD: Final = 100
"""Events at most that are kept for a listener who is slower than its run; what it misses it reads again."""


class Feed:
    """Follows the event log while anybody listens, and hands each event to whoever follows its run. Use on one event loop.

    A listener reads what there is from SQL and then takes what it is handed as long as the numbers go on without a gap; at a gap
    it reads SQL again. So it misses nothing and gets nothing twice, whatever happens to this process in between.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._listeners: dict[str, set[_Listener]] = {}
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """End every `follow`, now and later: the process is about to stop. Call it on the feed's event loop."""
        self._closed = True
        self._wake()

    async def follow(self, run: str, after: int = 0) -> AsyncGenerator[Event, None]:
        """Events of the run above ``after``, as they come; ends with the event that ends the run, and when the feed is closed."""
        listener = _Listener(after)
        # Listening before reading: what was committed after that is handed on, what was before is in SQL.
        self._listeners.setdefault(run, set()).add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            while not self._closed:
                page, ended = await asyncio.to_thread(self._page, run, listener.seen)
                for event in listener.takes(page):
                    yield event
                if ended:
                    return
                while len(page) < _PAGE and not self._closed and (handed := await listener.next(_RECHECK)) is not None:
                    yield handed
                    if handed.name in ENDS:
                        # Whether the run has been resumed meanwhile, SQL knows.
                        break
        finally:
            self._forget(run, listener)

    def _page(self, run: str, seen: int) -> tuple[Sequence[Event], bool]:
        """Events from number ``seen`` on, and whether the run ends with the last of them."""
        page = self._events.of_run(run, max(0, seen - 1), _PAGE)
        return page, bool(page) and len(page) < _PAGE and page[-1].name in ENDS

    def _forget(self, run: str, listener: _Listener) -> None:
        listeners = self._listeners.get(run, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(run, None)

    async def _watch(self) -> None:
        cursor: Cursor | None = None
        while self._listeners and not self._closed:
            count = 0
            try:
                if cursor is None:
                    cursor = await asyncio.to_thread(self._events.newest)
                    # Whoever began to listen while the newest position was read may have missed what came before it.
                    self._wake()
                events, cursor = await asyncio.to_thread(self._events.follow, cursor, _PAGE)
                count = len(events)
                self._hand_on(events)
            except SynapseError as error:
                _log.warning("feed.waits", error=str(error))
            if count < _PAGE:
                await asyncio.sleep(_EVERY)

    def _hand_on(self, events: Iterable[Event]) -> None:
        for event in events:
            for listener in self._listeners.get(event.run, ()):
                listener.give(event)

    def _wake(self) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.look()


class _Listener:
    """One who follows a run: how far it is, and what it was handed."""

    def __init__(self, seen: int) -> None:
        self.seen = seen
        # Where it is full the oldest is dropped: a gap, like any other.
        self._handed: deque[Event] = deque(maxlen=_AHEAD)
        self._woken = asyncio.Event()
        self._looks = False

    def give(self, event: Event) -> None:
        """One more event of the run."""
        self._handed.append(event)
        self._woken.set()

    def look(self) -> None:
        """Have it read SQL."""
        self._looks = True
        self._woken.set()

    def takes(self, events: Iterable[Event]) -> Sequence[Event]:
        """Those that it has not seen, as seen."""
        new = [event for event in events if event.seq > self.seen]
        self.seen = new[-1].seq if new else self.seen
        return new

    async def next(self, seconds: float) -> Event | None:
        """The next event that it is handed; None where SQL is to be read: at a gap, when told, and when none came for so long.

        The last is for a transaction of somebody else that stays open: events behind it are not handed on until it ends.
        """
        try:
            async with asyncio.timeout(seconds):
                while not self._looks:
                    while self._handed:
                        event = self._handed.popleft()
                        if event.seq > self.seen + 1:
                            return None
                        if self.takes([event]):
                            return event
                    self._woken.clear()
                    await self._woken.wait()
        except TimeoutError:
            return None
        self._looks = False
        return None


ENDS: Final = frozenset({"run.succeeded", "run.failed", "run.cancelled"})
"""Names of the events after which nothing more comes, unless the run is resumed."""
