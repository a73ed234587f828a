from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from synapse.contracts.messages import Event, MessageType
from synapse.contracts.steps import AttemptOutcome
from synapse.state.attempts import attempts

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
ERROR = {"code": "transient", "message": "away"}


def event(second: float, name: str, attempt: int | None = None, **data: Any) -> Event:
    at = BEGAN + timedelta(seconds=second)
    return Event(
        run="r", seq=1, at=at, type=MessageType.STATUS_UPDATE, name=name, step="a" if attempt else None, attempt=attempt, data=data
    )


def test_each_attempt_has_its_worker_its_time_and_its_error() -> None:
    found = attempts(
        [
            event(0, "step.started", 1, worker="w1"),
            event(2, "step.retrying", 1, error=ERROR, retry_in=1.5),
            event(4, "step.started", 2, worker="w2"),
            event(4.25, "step.succeeded", 2, next=[]),
        ]
    )
    assert [(each.number, each.worker, each.outcome.value, each.seconds) for each in found] == [
        (1, "w1", "failed", 2.0),
        (2, "w2", "succeeded", 0.25),
    ]
    assert (found[0].error and found[0].error.message, found[0].retry_in_seconds) == ("away", 1.5)
    assert (found[1].started_at, found[1].ended_at) == (BEGAN + timedelta(seconds=4), BEGAN + timedelta(seconds=4.25))


def test_one_that_goes_on_has_no_end() -> None:
    [found] = attempts([event(0, "step.started", 1, worker="w")])
    assert (found.outcome, found.ended_at, found.seconds) == (AttemptOutcome.RUNNING, None, None)


def test_one_whose_worker_fell_silent_is_lost_whether_that_was_written_or_only_seen_by_the_next() -> None:
    written = [event(0, "step.started", 1), event(30, "step.lost", 1, reason="x"), event(31, "step.started", 2)]
    for events in (written, written[::2]):
        assert [each.outcome for each in attempts(events)] == [AttemptOutcome.LOST, AttemptOutcome.RUNNING]


def test_one_under_way_when_its_run_ends_is_stopped_and_stays_so_when_the_run_is_resumed() -> None:
    found = attempts([event(0, "step.started", 1), event(3, "run.cancelled"), event(9, "step.started", 2), event(10, "step.succeeded", 2)])
    assert [(each.outcome.value, each.seconds) for each in found] == [("stopped", 3.0), ("succeeded", 1.0)]


def test_an_end_without_a_beginning_is_no_attempt() -> None:
    assert attempts([event(0, "step.lost", 0), event(1, "step.failed", 3, error=ERROR)]) == ()
