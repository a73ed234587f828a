from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from synapse.contracts.principal import DEFAULT_TENANT, Tenant
from synapse.state.records import Hint
from synapse.state.window import Window
from tests.unit.state.house import House, foreach, step

GREEDY, MODEST = Tenant("greedy"), Tenant("modest")
TREE = step("a")


def _window(house: House, size: int | None = 2, rate: float | None = None) -> Window:
    return Window(house.database.driver, 30.0, size, rate)


def _begun(house: House, tenant: Tenant = GREEDY, tree: Any = TREE, **more: Any) -> tuple[str, tuple[Hint, ...]]:
    begun = house.begun(tree, tenant=tenant, **more)
    return begun.run, begun.hints


def _runs(hints: Sequence[Hint]) -> list[str]:
    return [hint.run for hint in hints]


def test_no_more_steps_of_a_tenant_are_sent_than_its_window_holds(house: House) -> None:
    window = _window(house)
    runs, sent = [], []
    for _ in range(5):
        run, hints = _begun(house)
        runs.append(run)
        sent += _runs(window.admit(hints))
    assert sent == runs[:2]
    assert window.backlog(GREEDY) == 3
    assert [house.column(run, "a", "due") is None for run in runs] == [False, False, True, True, True]


def test_another_tenants_step_does_not_wait_behind_them(house: House) -> None:
    window = _window(house)
    for _ in range(5):
        window.admit(_begun(house)[1])
    run, hints = _begun(house, MODEST)
    assert _runs(window.admit(hints)) == [run]
    assert window.backlog(MODEST) == 0


def test_who_ends_a_step_sends_the_next_one_of_that_tenant(house: House) -> None:
    window = _window(house)
    runs = [_begun(house) for _ in range(4)]
    for _, hints in runs:
        window.admit(hints)
    house.do(runs[0][0], "a")
    (sent,) = window.admit((), ended=runs[0][0])
    assert sent == runs[2][1][0]
    assert house.column(runs[2][0], "a", "due") is not None
    assert window.admit((), ended=runs[0][0]) == ()


def test_a_running_step_keeps_its_place_and_one_that_waits_for_its_timer_gives_it_up(house: House) -> None:
    window = _window(house, 1)
    (first, hints), (second, others) = _begun(house), _begun(house)
    window.admit(hints)
    window.admit(others)
    attempt = house.take(first, "a")
    assert window.sweep() == ()
    house.fail(attempt, retry_in=60.0)
    assert _runs(window.sweep()) == [second]


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_what_a_run_that_ended_had_out_or_waiting_makes_room(house: House, end: str) -> None:
    window = _window(house, 1)
    (first, hints), (second, others), (third, more) = _begun(house), _begun(house), _begun(house)
    for each in (hints, others, more):
        window.admit(each)
    lifecycle = house.database.lifecycle
    for run in (first, second):
        assert lifecycle.cancel(run, "x") if end == "cancel" else lifecycle.expire(run)
    assert _runs(window.sweep()) == [third]
    assert window.backlog(GREEDY) == 0


def test_the_most_urgent_run_is_next_and_among_equals_the_first(house: House) -> None:
    window = _window(house, 1)
    window.admit(_begun(house)[1])
    waiting = {}
    for priority in (1, 5, 9, 5):
        run, hints = _begun(house, priority=priority)
        waiting[run] = priority
        assert hints[0].priority == priority
        assert window.admit(hints) == ()
    order, last = [], "r1"
    while len(order) < 4:
        house.do(last, "a")
        (sent,) = window.admit((), ended=last)
        assert sent.priority == waiting[sent.run]
        order.append(sent.run)
        last = sent.run
    assert order == ["r4", "r3", "r5", "r2"]


def test_a_wide_fan_out_is_sent_piece_by_piece_until_all_of_it_is_done(house: House) -> None:
    window = _window(house, 3)
    run, hints = _begun(house, tree=foreach("f", step("m")), run_input={"items": list(range(10))})
    out = list(window.admit(hints))
    done = 0
    while out:
        assert len(out) <= 3
        hint = out.pop()
        house.do(run, hint.place)
        done += 1
        out += window.admit((), ended=run)
    assert done == 10
    assert house.state(run) == "succeeded"


def test_a_message_that_is_doubted_is_sent_again_and_takes_no_second_place(house: House) -> None:
    window = _window(house, 1)
    run, hints = _begun(house)
    assert window.admit(hints) == hints
    house.overdue(run, "a")
    again = house.database.reconciler.sweep().hints
    assert _runs(window.admit(again)) == [run]
    assert house.sql("SELECT count(*) FROM ticket") == [(1,)]


def test_the_sweep_for_lost_messages_does_not_take_a_waiting_step_for_one(house: House) -> None:
    window = _window(house, 1)
    window.admit(_begun(house)[1])
    waiting, hints = _begun(house)
    window.admit(hints)
    house.sql("UPDATE step SET due = {in:ago} WHERE due IS NOT NULL", ago=-1.0)
    assert waiting not in _runs(house.database.reconciler.sweep().hints)


def test_what_a_crash_left_between_the_release_and_the_message_is_found_like_any_lost_message(house: House) -> None:
    window = _window(house, 1)
    (first, hints), (second, others) = _begun(house), _begun(house)
    window.admit(hints)
    window.admit(others)
    house.do(first, "a")
    assert _runs(window.sweep()) == [second]  # and here the process dies
    house.overdue(second, "a")
    assert _runs(window.admit(house.database.reconciler.sweep().hints)) == [second]


def test_a_rate_lets_a_seconds_worth_go_at_once_and_then_so_many_a_second(house: House) -> None:
    window = _window(house, None, 3.0)
    sent = [len(window.admit(_begun(house)[1])) for _ in range(6)]
    assert sum(sent[:3]) == 3
    assert window.backlog(GREEDY) >= 2
    house.sql("UPDATE flow SET tokens = 0, at = {in:ahead}", ahead=3600.0)
    assert window.sweep() == ()
    house.sql("UPDATE flow SET tokens = 0, at = {in:ago}", ago=-0.7)
    assert len(window.sweep()) >= 2
    house.sql("UPDATE flow SET tokens = 0, at = {in:ago}", ago=-3600.0)
    window.sweep()
    assert house.sql("SELECT tokens FROM flow")[0][0] <= 3.0


def test_when_there_are_no_windows_any_more_whatever_waits_is_due(house: House) -> None:
    window = _window(house, 1)
    window.admit(_begun(house)[1])
    run, hints = _begun(house)
    window.admit(hints)
    window.disband()
    assert house.sql("SELECT count(*) FROM ticket") == [(0,)]
    house.overdue(run, "a")
    assert run in _runs(house.database.reconciler.sweep().hints)
    window.disband()


def test_runs_under_way_and_known_keys_are_counted_for_their_tenant_only(house: House) -> None:
    window = _window(house)
    run, _ = _begun(house, idempotency_key="k", fingerprint="f")
    _begun(house, MODEST)
    assert (window.runs(GREEDY), window.runs(MODEST), window.runs(DEFAULT_TENANT)) == (1, 1, 0)
    assert window.knows(GREEDY, "k")
    assert not window.knows(MODEST, "k")
    house.do(run, "a")
    assert window.runs(GREEDY) == 0


def test_a_hint_of_no_run_is_nobodys(house: House) -> None:
    assert _window(house).admit((), ended="nowhere") == ()
