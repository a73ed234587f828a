from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.contracts.schedule import CatchUp, ScheduleRequest
from synapse.workflows.firing import GRACE, Fire, Miss, decide
from synapse.workflows.timetable import Timetable

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hourly(**more: Any) -> ScheduleRequest:
    return ScheduleRequest.model_validate({"name": "x", "every_seconds": 3600, "anchor": NOON, "run": {"question": "Why?"}, **more})


def decided(policy: ScheduleRequest, due: datetime, now: datetime) -> Fire | Miss:
    return decide(Timetable.of(policy, NOON), policy, due, now)


@pytest.mark.parametrize("catch_up", CatchUp)
def test_what_is_in_time_is_fired_whatever_the_policy(catch_up: CatchUp) -> None:
    for late in (timedelta(0), GRACE):
        assert decided(hourly(catch_up=catch_up), NOON, NOON + late) == Fire(NOON, NOON + HOUR)


def test_with_none_everything_that_was_missed_is_passed_over() -> None:
    assert decided(hourly(catch_up="none"), NOON, NOON + 3.5 * HOUR) == Miss(NOON, NOON + 3 * HOUR, NOON + 4 * HOUR)
    # What is in time is not: it is left for the next look.
    assert decided(hourly(catch_up="none"), NOON, NOON + 3 * HOUR + GRACE) == Miss(NOON, NOON + 2 * HOUR, NOON + 3 * HOUR)


def test_with_latest_one_run_stands_for_all_that_were_missed() -> None:
    policy = hourly(catch_up="latest")
    assert decided(policy, NOON, NOON + 3.5 * HOUR) == Miss(NOON, NOON + 2 * HOUR, NOON + 3 * HOUR)
    assert decided(policy, NOON + 3 * HOUR, NOON + 3.5 * HOUR) == Fire(NOON + 3 * HOUR, NOON + 4 * HOUR)
    assert decided(policy, NOON, NOON + 0.5 * HOUR) == Fire(NOON, NOON + HOUR)


def test_with_latest_nothing_is_caught_up_when_something_is_due_now() -> None:
    assert decided(hourly(catch_up="latest"), NOON, NOON + 3 * HOUR + GRACE / 2) == Miss(NOON, NOON + 2 * HOUR, NOON + 3 * HOUR)


def test_with_all_the_newest_up_to_the_limit_are_fired_in_order() -> None:
    policy, now = hourly(catch_up="all", catch_up_limit=2), NOON + 4.5 * HOUR
    assert decided(policy, NOON, now) == Miss(NOON, NOON + 2 * HOUR, NOON + 3 * HOUR)
    assert decided(policy, NOON + 3 * HOUR, now) == Fire(NOON + 3 * HOUR, NOON + 4 * HOUR)
    assert decided(policy, NOON + 4 * HOUR, now) == Fire(NOON + 4 * HOUR, NOON + 5 * HOUR)


def test_a_jitter_is_no_delay() -> None:
    policy = hourly(catch_up="none", jitter_seconds=1800)
    assert decided(policy, NOON, NOON + timedelta(seconds=1800) + GRACE) == Fire(NOON, NOON + HOUR)
    assert isinstance(decided(policy, NOON, NOON + timedelta(seconds=1801) + GRACE), Miss)


def test_after_the_last_due_time_nothing_follows() -> None:
    policy = hourly(catch_up="none", end_at=NOON + HOUR)
    assert decided(policy, NOON + HOUR, NOON + HOUR) == Fire(NOON + HOUR, None)
    assert decided(policy, NOON, NOON + 9 * HOUR) == Miss(NOON, NOON + HOUR, None)


@given(
    catch_up=st.sampled_from(CatchUp),
    limit=st.integers(1, 5),
    every=st.integers(1, 5000),
    away=st.integers(0, 5000),
)
def test_whatever_the_policy_each_due_time_is_fired_or_missed_once_and_in_order(
    catch_up: CatchUp, limit: int, every: int, away: int
) -> None:
    policy = hourly(catch_up=catch_up, catch_up_limit=limit, every_seconds=every)
    timetable = Timetable.of(policy, NOON)
    now, due, covered, fired = NOON + timedelta(seconds=away), NOON, [], []
    while due is not None and due <= now:
        found = decide(timetable, policy, due, now)
        covered += timetable.latest(found.until if isinstance(found, Miss) else due, 100_000, due)
        fired += [due] if isinstance(found, Fire) else []
        assert found.following is not None
        due = found.following
    assert covered == timetable.latest(now, 100_000, NOON)
    missed = [each for each in covered if each < now - GRACE]
    caught_up = [each for each in fired if each < now - GRACE]
    everything_missed = missed == covered
    assert (
        caught_up
        == {
            CatchUp.NONE: [],
            CatchUp.LATEST: missed[-1:] if everything_missed else [],
            CatchUp.ALL: missed[-limit:],
        }[catch_up]
    )
    assert fired[len(caught_up) :] == covered[len(missed) :]
