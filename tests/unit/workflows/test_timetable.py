from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.contracts.schedule import Timing
from synapse.errors import InvalidInput
from synapse.workflows.timetable import Timetable, jitter, next_times

NOW = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)
BERLIN = "Europe/Berlin"
ZONES = ("UTC", BERLIN, "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia")
EXPRESSIONS = (
    "30 2 * * *", "0,30 2 * * *", "0 2,3 * * *", "15 0 * * *", "*/20 * * * *", "0 * * * *", "*/30 2 * * *", "5 1-4 * * SUN", "0 0 L * *",
    "0 0 29 2 *", "0 12 13 * FRI", "0 8 LW * *", "10 10 * * MON#2", "45 23 31 12 *", "0 0 * * 5L",
)  # fmt: skip


def table(now: datetime = NOW, **timing: Any) -> Timetable:
    return Timetable.of(Timing(**timing), now)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def day(expression: str, date: str, zone: str = BERLIN) -> list[str]:
    """What is due on a day, as the clocks show it."""
    timetable = table(cron=expression, time_zone=zone)
    local = (timetable.local(due) for due in islice(timetable.upcoming(at(f"{date}T00:00:00Z") - timedelta(hours=26)), 200))
    return [text[11:16] + text[19:22] for text in local if text.startswith(date)]


def test_an_expression_goes_by_the_clock_of_its_zone() -> None:
    assert table(cron="30 7 * * MON", time_zone=BERLIN).after(at("2026-01-05T06:30:00Z")) == at("2026-01-12T06:30:00Z")
    assert table(cron="30 7 * * MON", time_zone=BERLIN).after(at("2026-07-01T00:00:00Z")) == at("2026-07-06T05:30:00Z")


def test_a_time_that_clocks_skip_is_due_once_when_they_go_on() -> None:
    assert day("30 2 * * *", "2026-03-29") == ["03:00+02"]
    assert day("0,30 2 * * *", "2026-03-29") == ["03:00+02"]
    assert day("0 2,3 * * *", "2026-03-29") == ["03:00+02"]
    assert day("30 2 * * *", "2026-03-30") == ["02:30+02"]


def test_a_time_that_comes_twice_is_due_the_first_time() -> None:
    assert day("30 2 * * *", "2026-10-25") == ["02:30+02"]


def test_between_the_two_of_a_time_that_comes_twice_the_next_one_is_tomorrow() -> None:
    second_pass = at("2026-10-25T01:10:00Z")
    assert table(cron="30 2 * * *", time_zone=BERLIN).after(second_pass) == at("2026-10-26T01:30:00Z")


def test_every_so_often_goes_by_the_time_that_passes() -> None:
    assert (len(day("0 * * * *", "2026-03-29")), len(day("0 * * * *", "2026-10-25"))) == (23, 25)
    assert day("*/30 2 * * *", "2026-03-29") == []
    assert day("*/30 2 * * *", "2026-10-25") == ["02:00+02", "02:30+02", "02:00+01", "02:30+01"]


def test_an_interval_is_counted_from_its_anchor_whatever_clocks_show() -> None:
    timetable = table(every_seconds=86_400, anchor="2026-03-28T12:00:00Z", time_zone=BERLIN)
    assert [timetable.local(due)[11:] for due in next_times(timetable, at("2026-03-28T00:00:00Z"), 3)] == [
        "13:00:00+01:00",
        "14:00:00+02:00",
        "14:00:00+02:00",
    ]
    assert timetable.after(at("2026-03-28T12:00:00Z")) == at("2026-03-29T12:00:00Z")
    # Moments before the anchor are counted back from it.
    assert timetable.after(at("2026-03-20T00:00:00Z")) == at("2026-03-20T12:00:00Z")


def test_an_interval_without_an_anchor_is_counted_from_now() -> None:
    assert table(every_seconds=3600).after(NOW) == NOW + timedelta(hours=1)


def test_nothing_is_due_before_the_start_or_after_the_end_and_both_may_be_due() -> None:
    timetable = table(cron="0 12 * * *", start_at="2026-01-10T12:00:00Z", end_at="2026-01-12T12:00:00Z")
    assert next_times(timetable, NOW, 9) == [at(f"2026-01-{day}T12:00:00Z") for day in (10, 11, 12)]
    assert timetable.after(at("2026-01-12T12:00:00Z")) is None


def test_the_latest_are_found_however_long_ago_the_first_was() -> None:
    timetable = table(cron="0 0 29 2 *")
    found = timetable.latest(NOW, 2, at("1990-01-01T00:00:00Z"))
    assert found == [at("2020-02-29T00:00:00Z"), at("2024-02-29T00:00:00Z")]
    assert timetable.latest(NOW, 9, at("2020-02-29T00:00:00Z")) == found
    assert timetable.latest(NOW, 9, at("2024-03-01T00:00:00Z")) == []


@pytest.mark.parametrize(
    ("timing", "field"),
    [
        ({}, "cron"),
        ({"cron": "* * * * *", "every_seconds": 5}, "cron"),
        ({"cron": "* * * *"}, "cron"),
        ({"cron": "0 * * * * *"}, "cron"),
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": "* * 31 2 *"}, "cron"),
        ({"cron": "@daily"}, "cron"),
        ({"cron": "* * * * *", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"cron": "* * * * *", "time_zone": "../../etc/passwd"}, "time_zone"),
        ({"cron": "* * * * *", "time_zone": ""}, "time_zone"),
        ({"cron": "* * * * *", "anchor": "2026-01-01T00:00:00Z"}, "anchor"),
        ({"every_seconds": 5, "anchor": "0001-01-01T00:00:00+10:00"}, "anchor"),
        ({"cron": "* * * * *", "start_at": "2026-01-02T00:00:00Z", "end_at": "2026-01-01T00:00:00Z"}, "end_at"),
        ({"cron": "* * * * *", "start_at": "9999-12-31T23:59:59-10:00"}, "end_at"),
        ({"cron": "* * * * *", "end_at": "0001-01-01T00:00:00+10:00"}, "end_at"),
    ],
)
def test_what_is_no_timing_is_named(timing: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        table(**timing)
    assert caught.value.field == field


@given(
    expression=st.sampled_from(EXPRESSIONS),
    zone=st.sampled_from(ZONES),
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
)
def test_due_times_come_each_once_in_order_wherever_one_begins_to_look(expression: str, zone: str, moment: datetime) -> None:
    timetable = table(cron=expression, time_zone=zone)
    found = next_times(timetable, moment, 4)
    assert moment < found[0]
    assert all(earlier < later for earlier, later in pairwise(found))
    for earlier, later in pairwise(found):
        assert timetable.after(earlier) == later
    assert timetable.latest(found[-1], 3, moment) == found[-3:]


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2040, 1, 1)), st.floats(0, 3600))
def test_a_due_time_keeps_its_jitter_and_that_is_below_the_most(due: datetime, most: float) -> None:
    found = jitter("s", due, most)
    assert timedelta(0) <= found <= timedelta(seconds=most)
    assert jitter("s", due.astimezone(Timetable.of(Timing(cron="* * * * *", time_zone=BERLIN), NOW).zone), most) == found


def test_jitter_spreads_due_times_and_schedules() -> None:
    assert len({jitter(name, NOW + timedelta(minutes=n), 3600) for n in range(10) for name in "abc"}) > 20
