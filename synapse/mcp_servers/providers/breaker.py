"""A circuit breaker: who has failed again and again is left alone for a while, and then asked once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Breaker:
    """Opens after ``failures`` in a row. After ``cool_down`` seconds one call may probe; its success closes it again.

    An admission is a ticket, and only a ticket of the present state counts when it is settled: a slow call from before the opening
    is neither the probe's success nor its failure. Not for several threads.
    """

    failures: int = 5
    cool_down: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _state: int = field(default=0, init=False)
    _in_a_row: int = field(default=0, init=False)
    _opened: float | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)

    @property
    def remaining(self) -> float:
        """Seconds until the next call may be admitted; 0 when it may be now or while a probe is under way."""
        return 0.0 if self._opened is None else max(0.0, self._opened + self.cool_down - self.clock())

    @property
    def closed(self) -> bool:
        """Whether every call is admitted."""
        return self._opened is None

    def admit(self) -> int | None:
        """A ticket to be settled once, or None when nobody may ask now."""
        if self._opened is None:
            return self._state
        if self._probing or self.remaining > 0:
            return None
        self._probing = True
        self._state += 1
        return self._state

    def settle(self, ticket: int, succeeded: bool | None) -> None:
        """How the call ended; None when it was not made after all, or was cancelled."""
        if ticket != self._state:
            return
        if self._probing:
            self._probing = False
            self._state += 1
            if succeeded is not None:
                self._opened = None if succeeded else self.clock()
                self._in_a_row = 0
        elif succeeded:
            self._in_a_row = 0
        elif succeeded is False:
            self._in_a_row += 1
            if self._in_a_row >= self.failures:
                self._opened, self._in_a_row = self.clock(), 0
                self._state += 1
