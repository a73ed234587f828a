from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import pytest
from mcp import Client

from synapse.tools.session import Session


class Opener:
    """Stands for opening a client: counts, and remembers in which task each was opened and closed."""

    def __init__(self, error: Exception | None = None) -> None:
        self.opened, self.closed, self.error = 0, 0, error
        self.tasks: list[tuple[Any, Any]] = []

    def __call__(self) -> AbstractAsyncContextManager[Client]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Client]:
        if self.error:
            raise self.error
        self.opened += 1
        task = asyncio.current_task()
        try:
            yield cast(Client, object())
        finally:
            self.closed += 1
            self.tasks.append((task, asyncio.current_task()))


async def test_the_client_is_opened_once_however_many_ask_at_once() -> None:
    opener = Opener()
    session = Session(opener)
    assert opener.opened == 0
    clients = await asyncio.gather(*(session.client() for _ in range(10)))
    assert len(set(map(id, clients))) == opener.opened == 1
    await session.close()
    await session.close()
    assert opener.closed == 1


async def test_it_is_closed_in_the_task_that_opened_it() -> None:
    opener = Opener()
    session = Session(opener)
    await session.client()
    await asyncio.create_task(session.close())
    ((opened, closed),) = opener.tasks
    assert opened is closed


async def test_a_client_given_up_is_replaced_once() -> None:
    opener = Opener()
    session = Session(opener)
    lost = await session.client()
    await asyncio.gather(*(session.discard(lost) for _ in range(5)))
    fresh = await session.client()
    assert fresh is not lost
    await session.discard(lost)
    assert await session.client() is fresh
    await session.close()


async def test_a_failure_to_open_is_told_and_does_not_stick() -> None:
    opener = Opener(OSError("no route"))
    session = Session(opener)
    with pytest.raises(OSError, match="no route"):
        await session.client()
    opener.error = None
    assert await session.client() is await session.client()
    assert opener.opened == 1
    await session.close()
