"""Many threads on one PostgreSQL run: what is recorded is as if they had come one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from synapse.contracts.messages import Event
from synapse.state.driver import Session
from synapse.state.events import START
from synapse.state.records import Note, Outcome
from tests.unit.state.house import House, foreach, step
from tests.waiting import PATIENCE, until

WIDTH = 12
_POOL = ThreadPoolExecutor(WIDTH + 1)  # the same threads throughout, for each has a connection of its own
ROUNDS = 6


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all of them as nearly at one moment as threads can."""
    barrier = threading.Barrier(len(works))

    def one(work: Callable[[], Any]) -> Any:
        barrier.wait(PATIENCE)
        return work()

    return [future.result(PATIENCE) for future in [_POOL.submit(one, work) for work in works]]


FAN_OUT = foreach("f", step("m"))
TREES: dict[str, dict[str, Any]] = {
    # A body that can be foreseen: one statement for every member.
    "foreseen": {"chain": [FAN_OUT, step("body")]},
    # A body that looks at values: one statement for a member that is not the last, a transaction for the last.
    "early": {"chain": [FAN_OUT, foreach("g", step("body"), items="[steps.f]"), step("end")]},
    # A join inside a member of another one.
    "nested": {"chain": [{"group": [FAN_OUT, step("other")], "id": "outer"}, step("body")]},
    # A count of successes: never foreseen.
    "counted": {"chain": [FAN_OUT | {"min_success": 1}, step("body")]},
}


@pytest.mark.parametrize("shape", TREES)
def test_members_that_complete_at_once_make_the_body_ready_once(postgres_house: House, shape: str) -> None:
    house = postgres_house
    for _ in range(ROUNDS):
        run = house.begin(TREES[shape], {"items": list(range(WIDTH))})
        places = [*(f"m[{i}]" for i in range(WIDTH)), *(["other"] if shape == "nested" else [])]
        attempts = [house.take(run, at) for at in places]
        outcomes: list[Outcome] = at_once(*(partial(house.complete, attempt) for attempt in attempts))
        assert all(outcome.recorded for outcome in outcomes)
        body = "body[0]" if shape == "early" else "body"
        assert [hint.place for outcome in outcomes for hint in outcome.hints] == [body]
        assert house.states(run)[body] == "ready"
        assert house.names(run).count("step.succeeded") == len(places)
        house.drain(run)
        assert house.state(run) == "succeeded"


def test_one_claim_of_many_gets_the_step(postgres_house: House) -> None:
    house = postgres_house
    for _ in range(ROUNDS):
        run = house.begin(step("a"))
        attempts = at_once(*(partial(house.claim, run, "a", f"w{n}") for n in range(8)))
        taken = [attempt for attempt in attempts if attempt is not None]
        assert [attempt.number for attempt in taken] == [1]
        assert house.names(run) == ["run.created", "step.started"]


def test_one_result_delivered_many_times_at_once_is_recorded_once(postgres_house: House) -> None:
    house = postgres_house
    for shape in ("foreseen", "early", "counted"):
        run = house.begin(TREES[shape], {"items": [1, 2]})
        attempt = house.take(run, "m[0]")
        outcomes = at_once(*(partial(house.complete, attempt, {"n": n}) for n in range(6)))
        assert [outcome.recorded for outcome in outcomes].count(True) == 1
        assert house.names(run).count("step.succeeded") == 1
        assert house.sql("SELECT pending, succeeded FROM fan_out WHERE run = :run AND node = 'f'", run=run) == [(1, 1)]


@pytest.mark.parametrize("shape", ["foreseen", "early", "counted"])
def test_a_cancel_among_completions_refuses_what_comes_after_it_and_nothing_waits_for_nothing(postgres_house: House, shape: str) -> None:
    house = postgres_house
    for _ in range(ROUNDS):
        run = house.begin(TREES[shape], {"items": list(range(WIDTH))})
        attempts = [house.take(run, f"m[{i}]") for i in range(WIDTH)]
        works: list[Callable[[], Any]] = [partial(house.complete, attempt) for attempt in attempts]
        works.insert(WIDTH // 2, partial(house.database.lifecycle.cancel, run, "enough"))
        outcomes = at_once(*works)
        recorded = sum(outcome.recorded for outcome in outcomes if isinstance(outcome, Outcome))
        names = house.names(run)
        if house.state(run) == "cancelled":
            assert names[-1] == "run.cancelled"
        assert names.count("step.succeeded") == recorded == list(house.states(run).values()).count("succeeded")
        assert house.database.reconciler.sweep().hints == ()


def test_a_failure_among_completions_ends_the_run_once_and_nothing_waits_for_nothing(postgres_house: House) -> None:
    house = postgres_house
    for shape in ("foreseen", "early", "counted") * 2:
        run = house.begin(TREES[shape], {"items": list(range(WIDTH))})
        attempts = [house.take(run, f"m[{i}]") for i in range(WIDTH)]
        works = [partial(house.complete, attempt) for attempt in attempts]
        works[3] = partial(house.fail, attempts[3])
        works[7] = partial(house.fail, attempts[7])
        at_once(*works)
        names = house.names(run)
        assert house.state(run) == "failed"
        assert (names.count("run.failed"), names[-1]) == (1, "run.failed")


def test_a_cancel_and_claims_at_once_leave_nothing_running_that_counts(postgres_house: House) -> None:
    house = postgres_house
    for _ in range(ROUNDS):
        run = house.begin(TREES["foreseen"], {"items": list(range(WIDTH))})
        works: list[Callable[[], Any]] = [partial(house.claim, run, f"m[{i}]") for i in range(WIDTH)]
        works.insert(3, partial(house.database.lifecycle.cancel, run, "enough"))
        attempts = [each for each in at_once(*works) if each is not None and each is not True]
        assert house.names(run)[-1] == "run.cancelled"
        assert house.database.ledger.beat(attempts, renew=True) == attempts
        assert not any(house.complete(attempt).recorded for attempt in attempts)


def test_a_follower_sees_each_event_once_and_each_run_in_its_order_while_many_write(postgres_house: House) -> None:
    house = postgres_house
    seen: list[Event] = []
    done = threading.Event()

    def follow() -> None:
        cursor = START
        while True:
            last_round = done.is_set()
            events, cursor = house.database.events.follow(cursor, limit=7)
            seen.extend(events)
            if last_round and not events:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    runs = []
    try:
        for shape in ("foreseen", "early", "nested", "counted") * 4:
            run = house.begin(TREES[shape], {"items": list(range(WIDTH))})
            runs.append(run)
            at_once(*(partial(house.do, run, f"m[{i}]") for i in range(WIDTH)))
            house.drain(run)
    finally:
        done.set()
        follower.join(PATIENCE)
    for run in runs:
        mine = [event.seq for event in seen if event.run == run]
        assert mine == list(range(1, len(house.names(run)) + 1)), run
    assert len(seen) == len({(event.run, event.seq) for event in seen})


def test_a_follower_does_not_overtake_a_transaction_that_began_to_write_before(postgres_house: House) -> None:
    house, events = postgres_house, postgres_house.database.events
    slow, quick = house.begin(step("a")), house.begin(step("a"))
    _, start = until(lambda: found if len((found := events.follow(START, limit=10))[0]) == 2 else None)
    writes, writing, go_on = house.database.ledger.writes, threading.Event(), threading.Event()

    def write(session: Session) -> None:
        last = writes.count(session, slow, 1)
        assert last is not None
        writes.note(session, slow, last, [Note("status_update", "step.lost")])
        writing.set()
        assert go_on.wait(PATIENCE)

    written = _POOL.submit(house.database.driver.atomic, write)
    try:
        assert writing.wait(PATIENCE)
        house.take(quick, "a")
        assert events.follow(start, limit=10) == ([], start)
    finally:
        go_on.set()
        written.result(PATIENCE)
    seen = until(lambda: found if len(found := events.follow(start, limit=10)[0]) == 2 else None)
    assert [(event.run, event.name) for event in seen] == [(slow, "step.lost"), (quick, "step.started")]


def test_one_of_many_requests_with_a_key_begins_the_run(postgres_house: House) -> None:
    house = postgres_house
    for n in range(ROUNDS):
        begun = at_once(*(partial(house.begun, step("a"), idempotency_key=f"k{n}", fingerprint="same") for _ in range(6)))
        assert len({each.run for each in begun}) == 1
        assert [each.created for each in begun].count(True) == 1


def test_sweeps_at_once_find_each_lost_hint_once(postgres_house: House) -> None:
    house = postgres_house
    run = house.begin(TREES["foreseen"], {"items": list(range(WIDTH))})
    for i in range(WIDTH):
        house.overdue(run, f"m[{i}]")
    sweeps = at_once(*(house.database.reconciler.sweep for _ in range(4)))
    assert sorted(hint.place for sweep in sweeps for hint in sweep.hints) == sorted(f"m[{i}]" for i in range(WIDTH))


def test_workers_that_fall_silent_are_noticed_once_by_sweeps_at_once(postgres_house: House) -> None:
    house = postgres_house
    run = house.begin(TREES["foreseen"], {"items": list(range(WIDTH))})
    for i in range(WIDTH):
        house.take(run, f"m[{i}]")
        house.overdue(run, f"m[{i}]")
    sweeps = at_once(*(house.database.reconciler.sweep for _ in range(4)))
    assert sum(sweep.leases_expired for sweep in sweeps) == WIDTH
    assert house.names(run).count("step.lost") == WIDTH


def test_a_deadlocks_victim_is_tried_again_and_both_are_done(postgres_house: House) -> None:
    first, second = postgres_house.begin(step("a")), postgres_house.begin(step("b"))
    together = threading.Barrier(2)
    tries: list[str] = []

    def update(*runs: str) -> None:
        def work(session: Session) -> None:
            tries.append(runs[0])
            for run in runs:
                session.rows("UPDATE run SET priority = priority + 1 WHERE id = :run", {"run": run})
                if len(tries) <= 2 and run == runs[0]:
                    together.wait(PATIENCE)  # now each has what the other wants

        postgres_house.database.driver.atomic(work)

    at_once(partial(update, first, second), partial(update, second, first))
    # One more, or several: the victim may have its first row again before the other, who waits for it, wakes.
    assert len(tries) >= 3
    assert postgres_house.sql("SELECT priority FROM run") == [(7,), (7,)]
