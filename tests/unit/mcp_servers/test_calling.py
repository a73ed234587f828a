from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from synapse.mcp_servers.calling import Outcome, Telling, answer, stream
from tests.waiting import PATIENCE


class Caller:
    """The other end of a connection: takes what is sent, and goes away when told to."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.leaves = asyncio.Event()
        self.heard = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        if message.get("body"):
            self.heard.set()


SCOPE = {"type": "http", "method": "POST", "path": "/tools/x", "headers": []}
Way = Callable[..., Awaitable[None]]


@pytest.mark.parametrize("way", [answer, stream])
async def test_a_caller_that_goes_away_ends_the_call_where_it_is(way: Way) -> None:
    caller, started, ended = Caller(), asyncio.Event(), asyncio.Event()

    async def call(telling: Telling) -> Outcome:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError("unreachable")

    async with asyncio.timeout(PATIENCE):
        task = asyncio.create_task(way(call, SCOPE, caller.receive, caller.send))  # type: ignore[arg-type]
        await started.wait()
        caller.leaves.set()
        await task
    assert ended.is_set()
    assert not [message for message in caller.sent if message.get("more_body") is False]


async def test_progress_is_sent_as_it_comes_not_at_the_end() -> None:
    caller, go_on = Caller(), asyncio.Event()

    async def call(telling: Telling) -> Outcome:
        await telling.report_progress(1, 2, "half")
        await go_on.wait()
        return Outcome(200, {"done": True})

    async with asyncio.timeout(PATIENCE):
        task = asyncio.create_task(stream(call, SCOPE, caller.receive, caller.send))
        await caller.heard.wait()
        assert b'"message": "half"' in caller.sent[1]["body"]
        go_on.set()
        await task
    assert caller.sent[-1] == {"type": "http.response.body", "body": b'event: result\ndata: {"done": true}\n\n', "more_body": False}


async def test_an_unforeseen_error_is_not_swallowed() -> None:
    async def call(telling: Telling) -> Outcome:
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError):
        await answer(call, SCOPE, Caller().receive, Caller().send)
