"""Waiting for a run's end, no longer than a request may last: the run goes on whether anybody waits or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final

from synapse.api.mcp_face.call import Progress
from synapse.contracts.messages import Event
from synapse.service.feed import Feed

_ENDED: Final = frozenset({"step.succeeded", "step.skipped", "step.failed"})


class Tally:
    """Counts a run's steps by its events. The numbers only rise, as those of a progress notification must."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._ended: set[str] = set()

    def add(self, event: Event) -> bool:
        """Take one more event; whether one more step has ended."""
        self._known.update(place for place in event.data.get("next", ()) if isinstance(place, str))
        if event.step is None:
            return False
        self._known.add(event.step)
        before = len(self._ended)
        if event.name in _ENDED:
            self._ended.add(event.step)
        return len(self._ended) > before

    @property
    def done(self) -> int:
        """Steps that have ended."""
        return len(self._ended)

    @property
    def known(self) -> int:
        """Steps that are known of; a fan-out adds to them."""
        return len(self._known | self._ended)


async def wait(feed: Feed, run: str, seconds: float, progress: Progress) -> None:
    """Return when the run has ended, when the time is over, or when the process is about to stop; tell of steps meanwhile."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), aclosing(feed.follow(run)) as events:
            await _tell(events, progress)


async def _tell(events: AsyncGenerator[Event, None], progress: Progress) -> None:
    tally = Tally()
    async for event in events:
        if tally.add(event):
            await progress(tally.done, tally.known, f"{tally.done} of {tally.known} steps known so far; last: {event.step}")
