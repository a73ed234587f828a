"""A reader of live events that counts what it gets, is cut off now and then, and comes back with the number of the last event it has."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx

from synapse.client.following import ENDS, Messages

_PAUSE: Final = 0.1
_CUT_WITHIN: Final = 8


@dataclass
class Tally:
    """What all readers of a measurement got."""

    runs: int = 0
    events: int = 0
    connections: int = 0
    cut: int = 0
    refused: int = 0
    lost: int = 0
    """Events whose number was jumped over, and ends of runs that never came."""
    twice: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    """Of answers that were no stream and did not say that the run is over."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from an event's transaction to its arrival, of events that happened while the stream was open."""


class Reader:
    """Follows runs one after the other. ``cut`` is the share of its connections that it drops in the middle."""

    def __init__(self, client: httpx.AsyncClient, tally: Tally, cut: float, seed: int) -> None:
        self._client, self._tally, self._cut = client, tally, cut
        self._random = random.Random(seed)

    async def follow(self, run: str, patience: float = 60.0) -> None:
        """Read the run's events to their end, over as many connections as that takes; for longer than that without an event, it is lost."""
        following = _Run(run, self._tally)
        while not following.over and time.monotonic() - following.since < patience:
            try:
                await self._connected(following)
            except httpx.TransportError:
                self._tally.refused += 1
                await asyncio.sleep(_PAUSE)
        self._tally.runs += 1
        if not (following.over and following.ended):
            self._tally.lost += 1

    async def _connected(self, following: _Run) -> None:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(following.last)} if following.last else {})
        # Some are cut off before their first event, some after one or more.
        left = self._random.randrange(_CUT_WITHIN) if self._random.random() < self._cut else None
        async with self._client.stream("GET", f"/v1/runs/{following.run}/events", headers=headers) as answer:
            self._tally.connections += 1
            if answer.status_code != 200:
                following.over = answer.status_code == 204
                if not following.over:
                    self._tally.statuses[answer.status_code] += 1
                    await asyncio.sleep(_PAUSE)
                return
            opened, messages = time.time(), Messages()
            async for line in answer.aiter_lines():
                if (data := messages.line(line)) is not None:
                    following.take(json.loads(data), opened)
                    left = None if left is None else left - 1
                if left is not None and left <= 0:
                    self._tally.cut += 1
                    return


@dataclass
class _Run:
    """Where a reader is in one run."""

    run: str
    tally: Tally
    last: int = 0
    ended: bool = False
    over: bool = False
    since: float = field(default_factory=time.monotonic)

    def take(self, event: dict[str, Any], opened: float) -> None:
        """One event, as it came."""
        seq, at = event["seq"], datetime.fromisoformat(event["at"]).timestamp()
        self.since = time.monotonic()
        self.tally.events += 1
        if seq <= self.last or event["run"] != self.run:
            self.tally.twice += 1
            return
        self.tally.lost += seq - self.last - 1
        self.last, self.ended = seq, event["name"] in ENDS
        if at > opened:
            self.tally.latencies.append(time.time() - at)
