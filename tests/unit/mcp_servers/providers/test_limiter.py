from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.mcp_servers.providers.base import Pace
from synapse.mcp_servers.providers.limiter import Bucket


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_goes_out_at_once_and_the_rest_at_the_pace() -> None:
    bucket = Bucket(Pace(per_second=2.0, burst=3), Clock())
    assert [bucket.reserve(10) for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]


def test_whoever_would_wait_too_long_takes_no_turn() -> None:
    clock = Clock()
    bucket = Bucket(Pace(per_second=0.5), clock)
    assert [bucket.reserve(1), bucket.reserve(1), bucket.reserve(1)] == [0.0, None, None]
    clock.now += 1
    assert bucket.reserve(1) == 1.0
    assert bucket.reserve(1) is None


def test_it_fills_again_up_to_the_burst() -> None:
    clock = Clock()
    bucket = Bucket(Pace(per_second=1.0, burst=2), clock)
    assert [bucket.reserve(0), bucket.reserve(0), bucket.reserve(0)] == [0.0, 0.0, None]
    clock.now += 3600
    assert [bucket.reserve(0), bucket.reserve(0), bucket.reserve(0)] == [0.0, 0.0, None]


def test_after_a_pause_they_do_not_all_go_out_together() -> None:
    bucket = Bucket(Pace(per_second=1.0, burst=3), Clock())
    bucket.pause(5)
    assert [bucket.reserve(10) for _ in range(3)] == [5.0, 6.0, 7.0]
    bucket.pause(1)
    assert bucket.reserve(10) == 8.0


@given(
    st.floats(0.1, 10),
    st.integers(1, 5),
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 20)), max_size=50),
)
def test_no_span_of_time_has_more_requests_than_burst_and_pace_allow(rate: float, burst: int, steps: list[tuple[float, float]]) -> None:
    clock = Clock()
    bucket = Bucket(Pace(rate, burst), clock)
    sent: list[float] = []
    for pause, most in steps:
        clock.now += pause
        wait = bucket.reserve(most)
        if wait is not None:
            assert 0 <= wait <= most
            sent.append(clock.now + wait)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            assert last - first + 1 <= burst + rate * (sent[last] - sent[first]) + 1e-6
