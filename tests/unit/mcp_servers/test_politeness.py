from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from synapse.errors import Transient
from synapse.mcp_servers.politeness import LONGEST_PAUSE, Politeness
from tests.waiting import PATIENCE

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


async def test_so_many_requests_to_one_host_are_at_work_and_those_of_others_are_not_held_up() -> None:
    politeness, inside, most = Politeness(2), 0, 0
    both, done = asyncio.Event(), asyncio.Event()

    async def ask(host: str) -> None:
        nonlocal inside, most
        async with politeness.turn(host, PATIENCE):
            inside += 1
            most = max(most, inside)
            if inside == 2:
                both.set()
            await done.wait()
            inside -= 1

    tasks = [asyncio.create_task(ask("busy.example")) for _ in range(6)]
    await both.wait()
    async with politeness.turn("other.example", PATIENCE):
        done.set()
    await asyncio.gather(*tasks)
    assert most == 2


async def test_a_place_that_does_not_come_free_in_time_is_a_failure_that_says_so() -> None:
    politeness = Politeness(1)
    async with politeness.turn("busy.example", PATIENCE):
        with pytest.raises(Transient, match="at work"):
            async with politeness.turn("busy.example", 0.01):
                raise AssertionError
    async with politeness.turn("busy.example", PATIENCE):
        pass


async def test_requests_to_one_host_are_spaced_by_the_larger_of_its_wish_and_ours() -> None:
    time = Time()
    politeness = Politeness(spacing=1.0, clock=time, sleep=time.sleep)
    for delay in (0.0, 3.0, 0.0, None):
        async with politeness.turn("a.example", 60.0, delay):
            pass
    async with politeness.turn("b.example", 60.0):
        pass
    assert time.slept == [1.0, 3.0]


async def test_a_turn_that_comes_too_late_is_refused_at_once_and_takes_no_place() -> None:
    time = Time()
    politeness = Politeness(1, spacing=30.0, clock=time, sleep=time.sleep)
    async with politeness.turn("a.example", 20.0):
        pass
    for _ in range(2):
        with pytest.raises(Transient) as refused:
            async with politeness.turn("a.example", 20.0):
                raise AssertionError
        assert refused.value.retry_after == 30.0
    time.now = 15.0
    async with politeness.turn("a.example", 20.0):
        assert time.slept == [15.0]


async def test_a_host_that_asks_to_be_left_alone_is_left_alone_and_nobody_sleeps_for_it() -> None:
    time = Time()
    politeness = Politeness(clock=time, sleep=time.sleep)
    assert politeness.pause("a.example", 7.0) == 7.0
    with pytest.raises(Transient, match="7 s") as refused:
        async with politeness.turn("a.example", 60.0, None):
            raise AssertionError
    assert refused.value.retry_after == 7.0
    assert time.slept == []
    time.now = 8.0
    async with politeness.turn("a.example", 60.0):
        pass
    assert politeness.pause("a.example", 1e9) == LONGEST_PAUSE


async def test_who_waits_for_a_place_learns_of_the_pause_too() -> None:
    politeness, waiting = Politeness(1), asyncio.Event()

    async def second() -> None:
        waiting.set()
        async with politeness.turn("a.example", PATIENCE):
            raise AssertionError

    async with politeness.turn("a.example", PATIENCE):
        task = asyncio.create_task(second())
        await waiting.wait()
        politeness.pause("a.example", 60.0)
    with pytest.raises(Transient, match="left alone"):
        await task


async def test_hosts_are_forgotten_when_there_are_many() -> None:
    politeness = Politeness()
    for number in range(3_000):
        async with politeness.turn(f"{number}.example", 60.0):
            pass
    assert len(politeness._hosts) <= 1_001
    for number in range(6_000):
        politeness.pause(f"{number}.example", 3_600.0)
    assert len(politeness._hosts) <= 4_001
