from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from synapse.contracts.messages import Event
from synapse.contracts.run import RunRequest
from synapse.errors import Unavailable
from synapse.service.feed import Feed
from synapse.state.events import Cursor
from tests.unit.workbench import Workbench
from tests.waiting import PATIENCE

ECHO = RunRequest(workflow="echo", input={"text": "hello"})


async def _all(events: AsyncIterator[Event]) -> list[int]:
    return [event.seq async for event in events]


async def test_a_run_that_is_over_is_told_whole_and_ends(bench: Workbench) -> None:
    run = await asyncio.to_thread(bench.finished, ECHO)
    assert await asyncio.wait_for(_all(bench.service.feed.follow(run.id)), PATIENCE) == [1, 2, 3, 4]


async def test_following_from_the_last_event_on_ends_at_once(bench: Workbench) -> None:
    run = await asyncio.to_thread(bench.finished, ECHO)
    assert await asyncio.wait_for(_all(bench.service.feed.follow(run.id, 4)), PATIENCE) == []


async def test_several_listeners_get_the_same_events_as_they_come(bench: Workbench) -> None:
    run = (await asyncio.to_thread(bench.service.runs.submit, ECHO)).run
    listening = [asyncio.create_task(_all(bench.service.feed.follow(run.id, after))) for after in (0, 1)]
    await asyncio.to_thread(bench.work)
    assert await asyncio.wait_for(asyncio.gather(*listening), PATIENCE) == [[1, 2, 3, 4], [2, 3, 4]]


async def test_a_resumed_run_is_followed_past_its_first_end(bench: Workbench) -> None:
    run = (await asyncio.to_thread(bench.service.runs.submit, ECHO)).run
    await asyncio.to_thread(bench.service.runs.cancel, run.id)
    await asyncio.to_thread(bench.service.runs.resume, run.id)
    await asyncio.to_thread(bench.work)
    seen = await asyncio.wait_for(_all(bench.service.feed.follow(run.id)), PATIENCE)
    last = (await asyncio.to_thread(bench.service.runs.events, run.id))[-1]
    assert (seen, last.name) == (list(range(1, last.seq + 1)), "run.succeeded")


async def test_closing_ends_those_who_wait_and_those_who_come_later(bench: Workbench) -> None:
    run = (await asyncio.to_thread(bench.service.runs.submit, ECHO)).run
    following = bench.service.feed.follow(run.id)
    assert (await anext(following)).name == "run.created"
    waiting = asyncio.create_task(_all(following))
    bench.service.feed.close()
    assert await asyncio.wait_for(waiting, PATIENCE) == []
    assert await asyncio.wait_for(_all(bench.service.feed.follow(run.id)), PATIENCE) == []


class Flaky:
    """An event log whose database is away at first."""

    def __init__(self, bench: Workbench) -> None:
        self.events = bench.runtime.database.events
        self.failures = 2

    def newest(self) -> Cursor:
        """Fails twice, then answers."""
        if self.failures:
            self.failures -= 1
            raise Unavailable("away")
        return self.events.newest()

    def __getattr__(self, name: str) -> object:
        return getattr(self.events, name)


async def test_a_database_that_is_away_for_a_while_is_waited_for(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synapse.service.feed._EVERY", 0.005)
    feed = Feed(Flaky(bench))  # type: ignore[arg-type] # it passes everything else on
    run = (await asyncio.to_thread(bench.service.runs.submit, ECHO)).run
    following = asyncio.create_task(_all(feed.follow(run.id)))
    await asyncio.to_thread(bench.work)
    assert await asyncio.wait_for(following, PATIENCE) == [1, 2, 3, 4]


async def test_it_looks_again_now_and_then_whatever_the_watch_says(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synapse.service.feed._RECHECK", 0.02)
    monkeypatch.setattr(Feed, "_hand_on", lambda self, events: None)
    run = (await asyncio.to_thread(bench.service.runs.submit, ECHO)).run
    following = asyncio.create_task(_all(bench.service.feed.follow(run.id)))
    await asyncio.to_thread(bench.work)
    assert await asyncio.wait_for(following, PATIENCE) == [1, 2, 3, 4]


class Unreliable:
    """An event log whose watch leaves some numbers out and tells the others twice."""

    def __init__(self, bench: Workbench, left_out: set[int]) -> None:
        self.events, self.left_out = bench.runtime.database.events, left_out

    def follow(self, cursor: Cursor, limit: int) -> tuple[list[Event], Cursor]:
        """As it is, but for those."""
        events, after = self.events.follow(cursor, limit)
        return [event for event in events if event.seq not in self.left_out for _ in range(2)], after

    def __getattr__(self, name: str) -> object:
        return getattr(self.events, name)


@pytest.mark.parametrize("left_out", [set[int](), {2}, {3}, {2, 3}])
async def test_what_the_watch_leaves_out_is_read_and_what_it_tells_twice_is_told_once(bench: Workbench, left_out: set[int]) -> None:
    feed = Feed(Unreliable(bench, left_out))  # type: ignore[arg-type] # it passes everything else on
    run = (await asyncio.to_thread(bench.service.runs.submit, ECHO)).run
    following = feed.follow(run.id)
    first = await anext(following)
    rest = asyncio.create_task(_all(following))
    await asyncio.to_thread(bench.work)
    assert [first.seq, *await asyncio.wait_for(rest, PATIENCE)] == [1, 2, 3, 4]
