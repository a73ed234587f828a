from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from synapse.contracts.evidence import Source
from synapse.errors import Permanent, Transient
from synapse.mcp_servers.providers.base import Limited, Pace
from synapse.mcp_servers.providers.breaker import Breaker
from synapse.mcp_servers.providers.guard import Guarded
from synapse.mcp_servers.providers.limiter import Bucket
from tests.waiting import PATIENCE


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Told:
    """Answers as told; counts how often it is asked."""

    name = "told"

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        return [Source(url=f"https://example.org/{at}", provider=self.name) for at in range(20)], []


class Mute:
    name = "mute"

    def __init__(self) -> None:
        self.under_way = asyncio.Event()

    async def search(self, query: str, limit: int) -> tuple[list[Source], list[str]]:
        self.under_way.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_it_gives_what_the_provider_gives_and_no_more_than_was_asked_for() -> None:
    guarded = Guarded(Told(), PATIENCE)
    found, failed = await guarded.search("q", 3)
    assert (len(found), failed, guarded.name, guarded.ailment()) == (3, [], "told", None)


async def test_a_provider_that_hangs_costs_no_more_than_its_time() -> None:
    guarded = Guarded(Mute(), 0.05, breaker=Breaker(failures=1))
    with pytest.raises(Transient, match=r"no answer within 0\.05 seconds"):
        await guarded.search("q", 3)
    assert guarded.ailment() is not None


async def test_after_failures_in_a_row_it_is_left_alone_and_then_probed() -> None:
    clock, provider = Clock(), Told(Permanent("401"), Transient("500"))
    guarded = Guarded(provider, PATIENCE, breaker=Breaker(2, 60, clock))
    for words in ("401", "500", "not asked, for it kept failing; it is tried again in 60 s"):
        with pytest.raises((Permanent, Transient), match=words):
            await guarded.search("q", 3)
    assert provider.asked == 2
    assert guarded.ailment() == "kept failing; tried again in 60 s"
    clock.now += 60
    assert (await guarded.search("q", 3))[0]
    assert guarded.ailment() is None


async def test_it_waits_for_its_turn_and_gives_up_one_that_is_far_off() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    provider = Told()
    guarded = Guarded(provider, 10, Bucket(Pace(1 / 3), Clock()), sleep=sleep)
    await guarded.search("q", 1)
    await guarded.search("q", 1)
    with pytest.raises(Transient, match="as often as it allows"):
        await guarded.search("q", 1)
    assert waited == [pytest.approx(3.0)]
    assert provider.asked == 2
    # To be limited by ourselves is no failure of the provider's.
    assert guarded.ailment() is None


@pytest.mark.parametrize(("pause", "seconds"), [(7.0, 7.0), (None, 30.0), (1e9, 600.0)])
async def test_a_pause_that_the_provider_asked_for_is_kept(pause: float | None, seconds: float) -> None:
    clock = Clock()
    bucket, provider = Bucket(Pace(10.0), clock), Told(Limited("answered 429", pause))
    guarded = Guarded(provider, 10, bucket)
    with pytest.raises(Limited):
        await guarded.search("q", 1)
    with pytest.raises(Transient, match="as often as it allows"):
        await guarded.search("q", 1)
    assert provider.asked == 1
    clock.now += seconds
    await guarded.search("q", 1)
    assert provider.asked == 2


async def test_an_unforeseen_error_is_a_failure_by_its_type_alone(caplog: pytest.LogCaptureFixture) -> None:
    guarded = Guarded(Told(KeyError("tvly-secret"), ConnectionResetError("tvly-secret")), PATIENCE)
    for words in ("failed unexpectedly: KeyError", "connection failed: ConnectionResetError"):
        with pytest.raises(Transient, match=words) as caught:
            await guarded.search("q", 1)
        assert caught.value.__cause__ is None
        assert "secret" not in str(caught.value)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "secret" not in caplog.text


async def test_a_cancelled_probe_leaves_its_place_to_the_next() -> None:
    clock, provider = Clock(), Mute()
    breaker = Breaker(1, 60, clock)
    guarded = Guarded(provider, PATIENCE, breaker=breaker)
    ticket = breaker.admit()
    assert ticket is not None
    breaker.settle(ticket, False)
    clock.now += 60
    call = asyncio.create_task(guarded.search("q", 1))
    await provider.under_way.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert breaker.admit() is not None


async def test_every_search_is_observed_with_its_outcome() -> None:
    seen: list[tuple[str, str]] = []
    guarded = Guarded(
        Told(None, Transient("x")),
        5,
        breaker=Breaker(1, 60, Clock()),
        observe=lambda name, outcome, seconds: seen.append((name, outcome)) if seconds >= 0 else None,
    )
    for _ in range(3):
        with contextlib.suppress(Transient):
            await guarded.search("q", 1)
    assert seen == [("told", "ok"), ("told", "error"), ("told", "not_asked")]
