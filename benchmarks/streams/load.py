"""Submissions at a fixed rate, and readers that take the runs as they are submitted."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from benchmarks.streams.house import House, body
from benchmarks.streams.reader import Reader, Tally


@dataclass(frozen=True)
class Load:
    """How much, and for how long."""

    readers: int
    submits: float
    """A second."""
    seconds: float
    cut: float

    @property
    def pause(self) -> float:
        """Seconds that a run is open, so that there are as many open ones as there are readers."""
        return self.readers / self.submits


@dataclass
class Taken:
    """What came of it."""

    tally: Tally = field(default_factory=Tally)
    submits: list[float] = field(default_factory=list)
    """Seconds from when a submission was due to its answer: one that had to wait for its turn has waited."""
    refused: int = 0


class Driver:
    """The client's side: one event loop, one process."""

    def __init__(self, house: House, load: Load) -> None:
        self._house, self._load = house, load
        self.taken = Taken()
        self._runs: asyncio.Queue[str | None] = asyncio.Queue()

    async def run(self) -> Taken:
        """Submit for so many seconds, and read every run that was taken to its end."""
        load = self._load
        async with self._house.client(load.readers) as streams, self._house.client(load.readers) as submits:
            readers = [asyncio.create_task(self._read(Reader(streams, self.taken.tally, load.cut, seed))) for seed in range(load.readers)]
            await self._submit_all(submits)
            for _ in readers:
                self._runs.put_nowait(None)
            await asyncio.gather(*readers)
        return self.taken

    async def _submit_all(self, client: httpx.AsyncClient) -> None:
        began, sent = time.monotonic(), list[asyncio.Task[None]]()
        for number in range(int(self._load.submits * self._load.seconds)):
            due = began + number / self._load.submits
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            sent.append(asyncio.create_task(self._submit(client, number, due)))
        await asyncio.gather(*sent)

    async def _submit(self, client: httpx.AsyncClient, number: int, due: float) -> None:
        try:
            answer = await client.post("/v1/runs", json=body(number, self._load.pause), headers={"Idempotency-Key": uuid4().hex})
        except httpx.TransportError:
            self.taken.refused += 1
            return
        if answer.status_code != 202:
            self.taken.refused += 1
            return
        self.taken.submits.append(time.monotonic() - due)
        self._runs.put_nowait(answer.json()["id"])

    async def _read(self, reader: Reader) -> None:
        while (run := await self._runs.get()) is not None:
            await reader.follow(run)
