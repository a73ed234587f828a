from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.mcp_servers.providers.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        ticket = breaker.admit()
        assert ticket is not None
        breaker.settle(ticket, False)


def test_it_opens_after_so_many_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker(failures=3, cool_down=60, clock=Clock())
    _fail(breaker, 2)
    ticket = breaker.admit()
    assert ticket is not None
    breaker.settle(ticket, True)
    _fail(breaker, 2)
    assert breaker.closed
    _fail(breaker, 1)
    assert (breaker.closed, breaker.admit(), breaker.remaining) == (False, None, 60.0)


def test_after_the_cool_down_one_call_probes_and_its_success_closes() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, cool_down=60, clock=clock)
    _fail(breaker, 1)
    clock.now += 59.9
    assert breaker.admit() is None
    clock.now += 0.1
    probe = breaker.admit()
    assert probe is not None
    assert breaker.admit() is None
    breaker.settle(probe, True)
    assert breaker.closed
    assert breaker.admit() is not None


def test_a_probe_that_fails_opens_it_for_another_cool_down() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, cool_down=60, clock=clock)
    _fail(breaker, 1)
    clock.now += 60
    _fail(breaker, 1)
    assert (breaker.admit(), breaker.remaining) == (None, 60.0)


def test_a_probe_that_was_not_made_leaves_its_place_to_the_next() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, cool_down=60, clock=clock)
    _fail(breaker, 1)
    clock.now += 60
    probe = breaker.admit()
    assert probe is not None
    breaker.settle(probe, None)
    assert not breaker.closed
    assert breaker.admit() is not None


def test_a_slow_call_from_before_the_opening_says_nothing_about_the_probe() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, cool_down=60, clock=clock)
    slow, slower = breaker.admit(), breaker.admit()
    assert slow is not None
    assert slower is not None
    _fail(breaker, 1)
    breaker.settle(slow, True)
    assert not breaker.closed
    clock.now += 60
    probe = breaker.admit()
    assert probe is not None
    breaker.settle(slower, False)
    breaker.settle(probe, True)
    assert breaker.closed


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from([True, False, None])), max_size=60), st.integers(1, 4))
def test_while_it_is_open_at_most_one_call_in_a_cool_down_gets_through(steps: list[tuple[float, bool | None]], failures: int) -> None:
    clock = Clock()
    breaker = Breaker(failures=failures, cool_down=60, clock=clock)
    failed_at = -1e9
    for wait, outcome in steps:
        clock.now += wait
        was_closed = breaker.closed
        ticket = breaker.admit()
        if not was_closed and ticket is not None:
            assert clock.now - failed_at >= 60
        if ticket is not None:
            breaker.settle(ticket, outcome)
            if outcome is False:
                failed_at = clock.now
