from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from synapse.contracts.schedule import CatchUp, Overlap, ScheduleRequest, Timing


def _request(**more: Any) -> ScheduleRequest:
    return ScheduleRequest.model_validate({"name": "x", "cron": "0 7 * * *", "run": {"question": "Why?"}, **more})


def test_a_name_a_time_and_a_question_are_enough() -> None:
    made = _request()
    assert (made.time_zone, made.overlap, made.catch_up, made.paused, made.jitter_seconds) == (
        "UTC",
        Overlap.SKIP,
        CatchUp.LATEST,
        False,
        0,
    )
    assert (made.run.workflow, made.run.priority) == ("research", 5)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"name": ""}, "name"),
        ({"every_seconds": 0}, "every_seconds"),
        ({"start_at": "2026-01-01T00:00:00"}, "start_at"),
        ({"catch_up": "some"}, "catch_up"),
        ({"catch_up_limit": 101}, "catch_up_limit"),
        ({"jitter_seconds": 3601}, "jitter_seconds"),
        ({"crom": "* * * * *"}, "crom"),
        ({"run": {"priority": 10}}, "run"),
    ],
)
def test_what_cannot_be_is_named(wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _request(**wrong)
    assert caught.value.errors()[0]["loc"][0] == where


def test_a_timing_is_what_a_schedule_has_of_times() -> None:
    assert Timing.model_fields.keys() < ScheduleRequest.model_fields.keys()
