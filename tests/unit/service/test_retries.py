from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.service.retries import DELAYS, LONGEST_PAUSE, next_delay


def test_it_is_tried_for_about_a_day_and_then_given_up() -> None:
    delays = [next_delay(tries, None, 0.5) for tries in range(1, len(DELAYS) + 1)]
    assert delays == list(DELAYS)
    assert 20 * 3600 < sum(DELAYS) < 28 * 3600
    assert next_delay(len(DELAYS) + 1, None, 0.5) is None


@given(tries=st.integers(1, len(DELAYS)), draw=st.floats(0, 1))
def test_tries_of_many_that_failed_together_are_spread(tries: int, draw: float) -> None:
    delay = next_delay(tries, None, draw)
    assert delay is not None
    assert 0.8 * DELAYS[tries - 1] <= delay <= 1.2001 * DELAYS[tries - 1]


def test_what_the_receiver_asks_for_is_waited_for_within_bounds() -> None:
    assert next_delay(1, 3600.0, 0.5) == 3600.0
    assert next_delay(1, 1.0, 0.5) == DELAYS[0]
    assert next_delay(1, 1e9, 0.5) == LONGEST_PAUSE
    assert next_delay(len(DELAYS) + 1, 3600.0, 0.5) is None
