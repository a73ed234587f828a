"""How a run's events are followed over connections that break: no I/O, so both clients do the same."""

from __future__ import annotations

import time
from typing import Final

from synapse.client.calls import path
from synapse.client.errors import ClientError, WaitedTooLong
from synapse.contracts.messages import Event

ENDS: Final = frozenset({"run.succeeded", "run.failed", "run.cancelled"})
SILENCE: Final = 60.0
"""Seconds without a byte after which a stream counts as broken: several keep-alive comments."""
_PAUSE: Final = 0.5
_BRIEFEST: Final = 0.05


class Following:
    """Where a reader is in a run's events. ``pause`` is how many seconds to wait before the next connection, None once it is over.

    ``patience`` seconds are tried after a connection was lost before its error is raised. With ``within`` the whole must be over
    in so many seconds, which is looked at whenever the API sends something, and that is at least every 15 seconds.
    """

    def __init__(self, run: str, after: int, patience: float, within: float | None = None) -> None:
        self.run = run
        self.after = after
        self.pause: float | None = 0.0
        self._patience = patience
        self._within = within
        self._until = None if within is None else time.monotonic() + within
        self._lost_at: float | None = None
        self._ended = False

    @property
    def path(self) -> str:
        """Where the events are."""
        return f"{path(self.run)}/events"

    @property
    def headers(self) -> dict[str, str]:
        """What asks for those that are not yet there."""
        return {"Accept": "text/event-stream", "Last-Event-ID": str(self.after)}

    @property
    def silence(self) -> float:
        """Seconds without a byte after which this connection is given up."""
        return SILENCE if self._until is None else min(SILENCE, max(_BRIEFEST, self._until - time.monotonic()))

    def takes(self, data: str) -> Event | None:
        """The event of a message, unless it was there before."""
        event = Event.model_validate_json(data)
        if event.seq <= self.after:
            return None
        self.after, self._lost_at, self._ended = event.seq, None, event.name in ENDS
        return event

    def closed(self, status: int) -> None:
        """The API ended the stream. Only its 204 says that nothing more comes: a server that stops ends its streams, too."""
        self.in_time()
        if status == 204:
            self.pause = None
        else:
            # After what looks like the end, that is asked at once.
            self.pause = 0.0 if self._ended else _PAUSE
            self._ended = False

    def lost(self, error: ClientError) -> None:
        """The connection broke, or there was none. Raises the error when it does not pass, or has not passed for long."""
        self.in_time()
        if not error.retryable:
            raise error
        now = time.monotonic()
        if self._lost_at is None:
            self._lost_at = now
        if now - self._lost_at > self._patience:
            raise error
        self.pause = _PAUSE

    def in_time(self) -> None:
        """Raise WaitedTooLong when the time is over."""
        if self._until is not None and self._within is not None and time.monotonic() >= self._until:
            raise WaitedTooLong(self.run, self._within)


class Messages:
    """Server-sent events, line by line: the data of each; comments and other fields are of no use here."""

    def __init__(self) -> None:
        self._data: list[str] = []

    def line(self, line: str) -> str | None:
        """The data of the event that this line ends, if it ends one."""
        if line:
            name, _, value = line.partition(":")
            if name == "data":
                self._data.append(value.removeprefix(" "))
            return None
        data, self._data = self._data, []
        return "\n".join(data) if data else None
