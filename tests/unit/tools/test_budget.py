from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.contracts.llm import Usage
from synapse.errors import NoAnswer
from synapse.settings import LlmSettings
from synapse.tools import budget as module
from synapse.tools.budget import Budget, estimated


def budget(spent: Usage | None = None, deadline: datetime | None = None, **settings: Any) -> Budget:
    return Budget(LlmSettings.model_validate(settings), spent or Usage(), deadline)


def test_what_a_request_may_say_shrinks_with_what_is_left() -> None:
    made = budget(llm_max_tokens=4000, llm_max_tokens_per_run=5000)
    first = made.reserve(500)
    assert first.tokens_out == 4000
    assert made.reserve(100).tokens_out == 400
    made.settle(first, 500, 10, 1.0)
    assert made.reserve(90).tokens_out == 3900


def test_usage_goes_on_from_earlier_steps() -> None:
    made = budget(Usage(calls=1, tokens_in=10, tokens_out=5, cost=1.0, seconds=2.0), llm_price_in=1e6)
    made.settle(made.reserve(7), 7, 3, 1.5, guessed=True)
    assert made.used == Usage(calls=2, tokens_in=17, tokens_out=8, cost=8.0, seconds=3.5, estimated=True)


def test_money_bounds_the_length_of_an_answer() -> None:
    made = budget(llm_max_cost=1.0, llm_price_in=1000.0, llm_price_out=2000.0)
    assert made.reserve(200).tokens_out == 400
    with pytest.raises(NoAnswer, match="budget of 1 is spent"):
        made.reserve(1)


def test_requests_under_way_count_as_if_they_used_all_they_may() -> None:
    made = budget(llm_max_calls=2, llm_max_tokens_per_run=1000, llm_max_tokens=500)
    made.reserve(100)
    assert made.reserve(100).tokens_out == 300
    with pytest.raises(NoAnswer, match="2 requests"):
        made.reserve(1)


class Clock:
    """Stands for both clocks: the one that deadlines are told by, and the one that nobody can put back."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self, zone: tzinfo) -> datetime:
        return datetime(2026, 11, 23, tzinfo=zone) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 1000.0 + self.passed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "datetime", made)
    monkeypatch.setattr(module, "monotonic", made.monotonic)
    return made


def test_waits_are_time_too() -> None:
    made = budget(llm_max_seconds=5)
    made.waited(5)
    with pytest.raises(NoAnswer, match="5 seconds"):
        made.reserve(1)


def test_a_step_keeps_a_quarter_of_its_time_but_at_most_twenty_seconds(clock: Clock) -> None:
    now = clock.now(UTC)
    assert budget(deadline=now + timedelta(seconds=10)).seconds_left() == 7.5
    assert budget(deadline=now + timedelta(seconds=120)).seconds_left() == 100
    with pytest.raises(NoAnswer, match="step's time"):
        budget(deadline=now - timedelta(seconds=1)).reserve(1)


def test_the_steps_time_passes_whether_it_asks_or_not(clock: Clock) -> None:
    made = budget(deadline=clock.now(UTC) + timedelta(seconds=10))
    clock.passed = 7.25
    assert made.seconds_left() == 0.25
    made.reserve(1)
    clock.passed = 7.5
    with pytest.raises(NoAnswer, match="step's time is up"):
        made.reserve(1)


# Read once: settings look at the environment and at a file each time they are made.
TIGHT = LlmSettings(llm_max_tokens_per_run=3000, llm_max_tokens=500, llm_max_cost=1.0, llm_price_in=100.0, llm_price_out=400.0)


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0, 1)), max_size=30))
def test_no_more_is_ever_used_than_the_run_has_if_the_server_keeps_to_what_it_was_told(asked: list[tuple[int, float]]) -> None:
    made = Budget(TIGHT, Usage())
    for size, share in asked:
        try:
            reserved = made.reserve(size)
        except NoAnswer:
            continue
        made.settle(reserved, size, int(reserved.tokens_out * share), 0.1)
    assert made.used.tokens <= 3000
    assert made.used.cost <= 1.0 + 1e-4


def test_an_estimate_grows_with_the_bytes_of_a_text() -> None:
    assert estimated("") == 1
    assert estimated("x" * 300) == 101
    assert estimated("字" * 100) == 101
    assert estimated("\ud800") == 1
