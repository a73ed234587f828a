from __future__ import annotations

from typing import Any

import pytest

from benchmarks.streams.load import Load
from benchmarks.streams.reader import Tally, _Run


def _event(seq: int, name: str = "step.succeeded", run: str = "r") -> dict[str, Any]:
    return {"seq": seq, "name": name, "run": run, "at": "2026-01-01T00:00:00+00:00"}


def _read(*events: dict[str, Any]) -> tuple[Tally, _Run]:
    tally = Tally()
    following = _Run("r", tally)
    for event in events:
        following.take(event, opened=0.0)
    return tally, following


def test_numbers_that_go_on_are_neither_lost_nor_twice_and_the_last_one_ends_the_run() -> None:
    tally, following = _read(_event(1), _event(2), _event(3, "run.succeeded"))
    assert (tally.events, tally.lost, tally.twice, following.ended) == (3, 0, 0, True)


@pytest.mark.parametrize(
    ("events", "lost", "twice"),
    [
        ([_event(2)], 1, 0),
        ([_event(1), _event(4)], 2, 0),
        ([_event(1), _event(1)], 0, 1),
        ([_event(1), _event(2), _event(1)], 0, 1),
        ([_event(1), _event(2, run="another")], 0, 1),
    ],
)
def test_a_gap_is_so_many_lost_and_what_was_had_is_twice(events: list[dict[str, Any]], lost: int, twice: int) -> None:
    tally, _ = _read(*events)
    assert (tally.lost, tally.twice) == (lost, twice)


def test_runs_are_open_for_as_long_as_it_takes_to_have_one_for_each_reader() -> None:
    assert Load(readers=200, submits=50.0, seconds=60.0, cut=0.3).pause == 4.0
