"""How often one host is asked: so many requests at once, so far apart, and not at all while it wants to be left alone."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from synapse.errors import Transient

LONGEST_PAUSE: Final = 3600.0
"""Seconds of a Retry-After that are believed; a host cannot lock itself out for longer by one answer."""
_HOSTS: Final = 1_000


@dataclass
class _Host:
    slots: asyncio.Semaphore
    inside: int = 0
    next_at: float = float("-inf")
    alone_until: float = float("-inf")


@dataclass
class Politeness:
    """Turns for each host. For one event loop."""

    at_once: int = 2
    spacing: float = 0.0
    """Seconds between the starts of two requests to one host."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _hosts: OrderedDict[str, _Host] = field(default_factory=OrderedDict, init=False)

    @asynccontextmanager
    async def turn(self, host: str, seconds: float, delay: float | None = 0.0) -> AsyncIterator[None]:
        """Hold a place among the host's requests. ``delay`` is what the host asks for itself, None for a request that need not be
        spaced from others.

        Raises Transient, at once, when the turn cannot come within ``seconds``.
        """
        state = self._state(host)
        state.inside += 1
        try:
            # Before the wait for a place and after it: what another request was told meanwhile holds for this one too.
            self._alone(state)
            await self._place(state, seconds)
            try:
                self._alone(state)
                if delay is not None:
                    await self._spaced(state, seconds, max(self.spacing, delay))
                yield
            finally:
                state.slots.release()
        finally:
            state.inside -= 1

    def pause(self, host: str, seconds: float) -> float:
        """Leave a host alone for so long. Returns the seconds, as far as they are believed."""
        state, seconds = self._state(host), min(LONGEST_PAUSE, max(0.0, seconds))
        state.alone_until = max(state.alone_until, self.clock() + seconds)
        return seconds

    def _alone(self, state: _Host) -> None:
        left = state.alone_until - self.clock()
        if left > 0:
            raise Transient(f"the host asked to be left alone for another {left:.0f} s", retry_after=left)

    async def _place(self, state: _Host, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await state.slots.acquire()
        except TimeoutError:
            raise Transient("the host had enough requests of ours at work all the time", retry_after=1.0) from None

    async def _spaced(self, state: _Host, seconds: float, spacing: float) -> None:
        now = self.clock()
        wait = max(0.0, state.next_at - now)
        if wait > seconds:
            raise Transient(f"the host lets itself be asked again in {wait:.0f} s", retry_after=wait)
        state.next_at = now + wait + spacing
        if wait:
            await self.sleep(wait)

    def _state(self, host: str) -> _Host:
        state = self._hosts.get(host)
        if state is None:
            state = self._hosts[host] = _Host(asyncio.Semaphore(self.at_once))
            self._forget()
        self._hosts.move_to_end(host)
        return state

    def _forget(self) -> None:
        now = self.clock()
        if len(self._hosts) <= _HOSTS:
            return
        for name, state in list(islice(self._hosts.items(), 4)):
            if not state.inside and (max(state.next_at, state.alone_until) <= now or len(self._hosts) > 4 * _HOSTS):
                del self._hosts[name]
