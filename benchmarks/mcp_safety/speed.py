"""How fast the same calls are, one after the other and eight at once."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.mcp_safety.subjects import Fetching, Files, Said, Session
from benchmarks.mcp_safety.world import World

NOTE: Final = "A line of an ordinary note.\n" * 150
_WARM: Final = 5
_AT_ONCE: Final = 8
_LONGEST: Final = 10.0
"""Seconds after which a figure is made of fewer calls."""


@dataclass(frozen=True)
class Speed:
    """Milliseconds of the middle call, and calls a second with eight at once."""

    p50: float
    rate: float


async def of_files(server: Files, session: Session, root: Path, calls: int) -> dict[str, Speed]:
    """Reading one file of 4 kB, and writing others."""
    (root / "note.md").write_text(NOTE)
    path, numbers = server.place(root, "note.md"), itertools.count()

    async def read() -> Said:
        return await server.read(session, path)

    async def write() -> Said:
        return await server.write(session, server.place(root, f"written-{next(numbers) % 50}.md"), NOTE)

    return {"read": await _measured(read, calls), "write": await _measured(write, calls)}


async def of_fetching(server: Fetching, session: Session, world: World, calls: int) -> dict[str, Speed]:
    """Reading one page again and again; its site lets it be kept for an hour."""
    world.forget()

    async def fetch() -> Said:
        return await server.fetch(session, "http://kept.test/page")

    return {"fetch": await _measured(fetch, calls)}


async def _measured(call: Callable[[], Awaitable[Said]], calls: int) -> Speed:
    said = [await call() for _ in range(_WARM)]
    if said[-1].kind != "answer":
        raise RuntimeError(f"the call that is measured fails: {said[-1]}")
    taken = []
    end = time.perf_counter() + _LONGEST
    while len(taken) < calls and time.perf_counter() < end:
        begun = time.perf_counter()
        await call()
        taken.append(time.perf_counter() - begun)
    done = 0

    async def pull() -> None:
        nonlocal done
        while done < calls and time.perf_counter() < end:
            await call()
            done += 1

    begun = time.perf_counter()
    end = begun + _LONGEST
    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(pull())
    return Speed(statistics.median(taken) * 1000, done / (time.perf_counter() - begun))
