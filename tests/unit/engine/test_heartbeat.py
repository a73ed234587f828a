from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synapse.engine import heartbeat as module
from synapse.engine.heartbeat import Heartbeat
from synapse.engine.stopping import Stopping
from synapse.errors import Unavailable
from synapse.state.records import Attempt
from tests.unit.engine.workshop import Workshop
from tests.unit.state.house import step
from tests.waiting import PATIENCE, until


class Beats:
    """Stands where the ledger is: answers beats as it is told, and counts them."""

    def __init__(self, lease: float = 0.15) -> None:
        self.lease = lease
        self.renewals: list[list[Attempt]] = []
        self.looks = 0
        self.answer: Callable[[list[Attempt]], list[Attempt]] = lambda attempts: []

    def beat(self, attempts: list[Attempt], *, renew: bool) -> list[Attempt]:
        if renew:
            self.renewals.append(list(attempts))
        else:
            self.looks += 1
        return self.answer(attempts)


@pytest.fixture
def attempt(workshop: Workshop) -> Attempt:
    run = workshop.begin(step("a"))
    return workshop.house.take(run, "a")


def beating(ledger: Any) -> Heartbeat:
    return Heartbeat(ledger)


class Clock:
    """Stands for the heartbeat's clock; it goes only when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(module, "monotonic", lambda: self.now)
        monkeypatch.setattr(module, "_TICK", 0.02)


def test_a_step_that_lasts_keeps_its_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    workshop = Workshop(tmp_path, lease_seconds=60)
    run = workshop.begin(step("a"))
    attempt = workshop.house.take(run, "a")
    first = workshop.house.column(run, "a", "due")
    with workshop.heartbeat.holding(attempt) as held:
        workshop.house.overdue(run, "a")
        clock.now += 20
        until(lambda: workshop.house.column(run, "a", "due") > first)
        assert workshop.house.claim(run, "a", "another") is None
        assert not held.lost
    workshop.close()


def test_a_step_that_ended_is_no_longer_renewed(attempt: Attempt) -> None:
    ledger = Beats()
    heartbeat = beating(ledger)
    with heartbeat.holding(attempt):
        until(lambda: ledger.renewals)
    other = Attempt(**{**vars(attempt), "number": 99})
    count = len(ledger.renewals)
    with heartbeat.holding(other):
        until(lambda: len(ledger.renewals) > count + 1)
    assert all(each == [other] for each in ledger.renewals[count + 1 :])
    heartbeat.close()


@pytest.mark.parametrize("fault", [None, RuntimeError("the database is away")])
def test_a_step_past_its_time_is_late_once_and_not_renewed(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch, fault: Exception | None
) -> None:
    clock, ledger = Clock(monkeypatch), Beats()
    told: list[int] = []

    def late() -> None:
        told.append(1)
        if fault:
            raise fault

    heartbeat, another = beating(ledger), Attempt(**{**vars(attempt), "number": 99})
    with heartbeat.holding(attempt) as held, heartbeat.holding(another) as other:
        held.late, held.until = late, held.since
        clock.now += 60
        until(lambda: held.lost)
        count = len(ledger.renewals)
        clock.now += 60
        until(lambda: len(ledger.renewals) > count)  # of the other
    assert told == [1]
    assert not other.lost
    assert all(each == [another] for each in ledger.renewals)
    heartbeat.close()


@pytest.mark.parametrize(("stuck", "ended"), [(True, [1]), (False, [])])
def test_the_process_is_ended_with_a_step_that_nothing_else_stops(attempt: Attempt, stuck: bool, ended: list[int]) -> None:
    ledger: Any = Beats()
    ledger.answer = list
    done: list[int] = []
    heartbeat = Heartbeat(ledger, end_process=lambda: done.append(1))
    with heartbeat.holding(attempt) as held:
        held.stuck = stuck
        until(lambda: held.lost)
        heartbeat.close()
    assert done == ended


def test_a_step_that_no_longer_counts_is_told_to_stop_once(attempt: Attempt) -> None:
    ledger = Beats()
    ledger.answer = list
    heartbeat, stopped = beating(ledger), []
    with heartbeat.holding(attempt) as held:
        held.stop = lambda: stopped.append(1)
        until(lambda: held.lost)
        with heartbeat.holding(Attempt(**{**vars(attempt), "number": 99})) as other:
            until(lambda: other.lost)
    heartbeat.close()
    assert stopped == [1]


def test_a_cancelled_run_is_noticed_without_waiting_for_the_lease(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synapse.engine.heartbeat._TICK", 0.02)
    heartbeat = beating(workshop.house.database.ledger)
    run = workshop.begin(step("a"))
    with heartbeat.holding(workshop.house.take(run, "a")) as held:
        workshop.house.database.lifecycle.cancel(run, "enough")
        until(lambda: held.lost)
    heartbeat.close()
    assert workshop.house.database.ledger.lease == 30


@pytest.mark.parametrize("fault", [Unavailable("the database restarts"), RuntimeError("a fault nobody foresaw")])
def test_a_beat_that_fails_is_tried_again_and_takes_nobodys_step(attempt: Attempt, fault: Exception, logs: list[Any]) -> None:
    ledger = Beats()
    failed = threading.Event()

    def fail(attempts: list[Attempt]) -> list[Attempt]:
        failed.set()
        raise fault

    ledger.answer = fail
    heartbeat = beating(ledger)
    with heartbeat.holding(attempt) as held:
        assert failed.wait(PATIENCE)
        ledger.answer = lambda attempts: []
        count = len(ledger.renewals)
        until(lambda: len(ledger.renewals) > count)
        assert not held.lost
    heartbeat.close()
    assert [line["event"] for line in logs][:1] in (["heartbeat.failed"], ["heartbeat.error"])


@pytest.mark.parametrize(("lease", "tick"), [(30.0, 0.5), (0.3, 0.1)])
def test_it_beats_twice_a_second_and_more_often_where_the_lease_is_short(lease: float, tick: float) -> None:
    assert beating(Beats(lease))._tick == pytest.approx(tick)


def test_without_steps_there_is_no_thread(attempt: Attempt) -> None:
    heartbeat = beating(Beats())
    assert heartbeat._thread is None
    heartbeat.close()
    with heartbeat.holding(attempt):
        assert heartbeat._thread is not None
    heartbeat._thread.join(PATIENCE)
    assert not heartbeat._thread.is_alive()


@pytest.mark.parametrize(("seconds", "times"), [(5.0, [1]), (500.0, [])])
def test_a_worker_that_is_to_stop_hands_back_what_takes_longer_than_it_waits(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch, seconds: float, times: list[int]
) -> None:
    clock, ledger, stopping = Clock(monkeypatch), Beats(), Stopping()
    monkeypatch.setattr("synapse.engine.stopping.monotonic", lambda: clock.now)
    heartbeat = Heartbeat(ledger, None, stopping, seconds)  # type: ignore[arg-type] # stands where the ledger is
    done: list[int] = []
    stopped: list[int] = []
    with heartbeat.holding(attempt) as held:
        held.hand_back, held.stop = lambda: done.append(1), lambda: stopped.append(1)
        clock.now += 60
        until(lambda: ledger.renewals)
        assert done == [], "nobody asked it to stop"
        stopping.ask()
        clock.now += 60
        count = len(ledger.renewals)
        until(lambda: held.lost or len(ledger.renewals) > count)
        assert held.lost is bool(times)
    heartbeat.close()
    assert done == stopped == times


def test_handing_back_is_tried_again_while_the_database_is_away(attempt: Attempt, monkeypatch: pytest.MonkeyPatch, logs: list[Any]) -> None:
    clock, stopping = Clock(monkeypatch), Stopping()
    heartbeat = Heartbeat(Beats(), None, stopping, 0.0)  # type: ignore[arg-type] # stands where the ledger is
    tries: list[int] = []

    def away_once() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise Unavailable("the database restarts")

    stopping.ask()
    with heartbeat.holding(attempt) as held:
        held.hand_back = away_once
        clock.now += 60
        until(lambda: held.lost)
    heartbeat.close()
    assert len(tries) == 2
    assert [line["event"] for line in logs] == ["heartbeat.hand_back", "step.handed_back"]
