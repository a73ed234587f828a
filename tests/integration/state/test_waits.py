"""Steps that wait without a message, and signals, asked of SQLite and PostgreSQL in the same words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from synapse.errors import Conflict, NotFound
from synapse.state.records import Outcome
from synapse.state.signals import Received
from tests.integration.state.test_concurrency import ROUNDS, at_once
from tests.moments import assert_utc
from tests.unit.state.house import House, foreach, step

TIMED = {"chain": [{"timer": "pause", "seconds": 3600}, step("next", **{"with": {"x": "prev.until"}})]}
ASKED = {"chain": [{"wait_for": "paid", "timeout": 3600}, step("next", **{"with": {"x": "steps.paid.payload"}})]}
DECIDED = {"chain": [step("draft"), {"approval": "publish", "timeout": 60, "ask": "join(' ', ['Publish', steps.draft.at])"}, step("next")]}
EACH = {"chain": [foreach("f", {"wait_for": "confirm", "timeout": 60, "on_timeout": "skip"}), step("next", **{"with": {"all": "steps.f"}})]}
YES, NO = {"approved": True}, {"approved": False, "comment": "Not yet."}


def step_output(house: House, run: str, at: str) -> Any:
    return house.database.driver.loads(house.column(run, at, "output"))


# -- waiting --------------------------------------------------------------------------------------------------------


def test_what_waits_holds_no_message_and_cannot_be_claimed(house: House) -> None:
    begun = house.begun({"group": [TIMED, ASKED["chain"][0], {"approval": "a"}]})
    assert begun.hints == ()
    assert set(house.states(begun.run).values()) == {"parked"}
    assert [house.claim(begun.run, at) for at in ("pause", "paid", "a")] == [None, None, None]
    assert house.database.reconciler.sweep().hints == ()
    assert house.names(begun.run) == ["run.created", *["step.waiting"] * 3]


def test_a_run_tells_what_it_waits_for_since_when_and_until_when(house: House) -> None:
    before = datetime.now(UTC)
    run = house.begin({"group": [DECIDED, {"timer": "pause", "until": "'2100-01-01T00:00:00Z'"}, {"wait_for": "data"}]})
    house.do(run, "draft")
    now = datetime.now(UTC)
    detail = house.database.queries.run(run)
    waiting = {each.step: each for each in detail.waiting_for}
    assert (waiting["pause"].kind, waiting["pause"].until, waiting["pause"].signal) == ("timer", datetime(2100, 1, 1, tzinfo=UTC), None)
    assert (waiting["data"].kind, waiting["data"].until, waiting["data"].payload) == ("signal", None, {})
    publish = waiting["publish"]
    assert (publish.kind, publish.signal, publish.ask) == ("approval", "publish", "Publish draft")
    assert "approved" in (publish.payload or {})["properties"]
    assert_utc(publish.since, before, now)
    assert_utc(publish.until, before + timedelta(seconds=60), now + timedelta(seconds=60))
    assert {step.path: (step.agent, step.state.value) for step in detail.steps} == {
        "draft": ("echo", "succeeded"),
        "pause": (None, "waiting"),
        "data": (None, "waiting"),
        "publish": (None, "waiting"),
    }
    assert house.database.queries.counts() == {"parked": 3}
    assert house.database.queries.backlog() == []


def test_a_timer_that_is_due_goes_on_once_whoever_sweeps(house: House) -> None:
    run = house.begin(TIMED)
    assert house.database.reconciler.sweep().waits == 0
    house.overdue(run, "pause")
    sweep = house.database.reconciler.sweep()
    assert ([hint.place for hint in sweep.hints], sweep.waits) == (["next"], 1)
    assert house.database.reconciler.sweep() == replace_hints(sweep)
    assert house.seen(house.take(run, "next"))["prev"]["until"].endswith("+00:00")
    assert house.names(run) == ["run.created", "step.waiting", "step.succeeded", "step.started"]
    waited = house.database.events.of_run(run)[2].data["waited"]
    assert waited == {"kind": "timer", "ended": "timer"}


def replace_hints(sweep: Any) -> Any:
    """A sweep that found nothing."""
    return type(sweep)()


def test_a_wait_until_a_time_that_has_passed_ends_with_the_next_sweep(house: House) -> None:
    run = house.begin({"timer": "t", "until": "'2020-01-01T00:00:00Z'"})
    house.database.reconciler.sweep()
    assert (house.state(run), house.output(run)) == ("succeeded", {"until": "2020-01-01T00:00:00+00:00"})


def test_nobody_s_signal_fails_the_run_and_a_resumed_one_waits_anew(house: House) -> None:
    run = house.begin(DECIDED)
    house.do(run, "draft")
    house.overdue(run, "publish")
    house.database.reconciler.sweep()
    assert (house.state(run), house.error(run)["code"], house.states(run)["publish"]) == ("failed", "expired", "failed")
    before = datetime.now(UTC)
    assert house.database.lifecycle.resume(house.programs[run], run) == ()
    (waiting,) = house.database.queries.run(run).waiting_for
    assert (waiting.step, waiting.ask) == ("publish", "Publish draft")
    assert waiting.since >= before - timedelta(milliseconds=2)
    assert house.database.reconciler.sweep().waits == 0
    assert [hint.place for hint in house.signal(run, "publish", YES).outcome.hints] == ["next"]
    assert house.names(run)[-5:] == ["run.failed", "run.resumed", "step.waiting", "signal.received", "step.succeeded"]


def test_a_time_out_may_drop_the_member_or_give_a_default(house: House) -> None:
    run = house.begin(EACH, {"items": ["x", "y"]})
    house.overdue(run, "confirm[1]")
    assert house.database.reconciler.sweep().hints == ()
    outcome = house.signal(run, "confirm[0]", 5).outcome
    assert [hint.place for hint in outcome.hints] == ["next"]
    assert [each["payload"] for each in house.seen(house.take(run, "next"))["steps"]["f"]] == [5]
    tree = {"chain": [step("a"), {"wait_for": "w", "timeout": 9, "on_timeout": "default", "default": "steps.a.at"}, step("next")]}
    run = house.begin(tree)
    house.do(run, "a")
    house.overdue(run, "w")
    assert [hint.place for hint in house.database.reconciler.sweep().hints] == ["next"]
    assert step_output(house, run, "w") == {"signal": "w", "payload": "a", "by": None, "at": None, "timed_out": True}


def test_waits_in_members_of_a_fan_out_are_each_a_wait_of_their_own(house: House) -> None:
    run = house.begin(
        {"chain": [step("plan"), {**EACH["chain"][0], "items": "steps.plan.items"}, step("next", **{"with": {"all": "prev"}})]}
    )
    house.do(run, "plan", output={"items": list(range(20))})
    assert house.names(run).count("step.waiting") == 20
    for number in reversed(range(20)):
        assert house.signal(run, f"confirm[{number}]", number).signal.step == f"confirm[{number}]"
    assert [each["payload"] for each in house.seen(house.take(run, "next"))["prev"]] == list(range(20))
    house.drain(run)


def test_what_a_wait_leads_to_may_be_impossible_and_fails_it_with_the_run(house: House) -> None:
    tree = {"chain": [{"wait_for": "list"}, foreach("f", step("m"), items="steps.list.payload", max=2)]}
    run = house.begin(tree)
    received = house.signal(run, "list", [1, 2, 3])
    assert (received.signal.step, received.outcome.failed) == ("list", True)
    assert (house.state(run), house.states(run)) == ("failed", {"list": "failed"})
    assert "3 items; this foreach allows 2" in house.error(run)["message"]
    run = house.begin({"chain": [{"timer": "t", "seconds": 5}, foreach("f", step("m"), items="steps.t.until")]})
    house.overdue(run, "t")
    house.database.reconciler.sweep()
    assert (house.state(run), "not a list" in house.error(run)["message"]) == ("failed", True)


def test_a_large_payload_is_a_blob_in_between(house: House) -> None:
    run = house.begin(ASKED)
    payload = {"text": "x" * 100_000, "nul": "a\x00b", "$blob": "0" * 64, "bytes": 1}
    house.signal(run, "paid", payload)
    found = house.seen(house.take(run, "next"))["steps"]["paid"]["payload"]
    assert found == {**payload, "nul": "a\ufffdb"}
    run = house.begin(ASKED)
    house.signal(run, "paid", {"$blob": "0" * 64, "bytes": 1})
    assert house.seen(house.take(run, "next"))["steps"]["paid"]["payload"] == {"$blob": "0" * 64, "bytes": 1}


# -- signals --------------------------------------------------------------------------------------------------------


def test_a_signal_ends_the_wait_at_once_and_says_who_took_it(house: House) -> None:
    run = house.begin(ASKED)
    before = datetime.now(UTC)
    received = house.signal(run, "paid", {"sum": 5}, by="portal")
    assert (received.created, received.signal.step, received.signal.name, received.signal.by) == (True, "paid", "paid", "portal")
    assert_utc(received.signal.at, before, datetime.now(UTC))
    assert [hint.place for hint in received.outcome.hints] == ["next"]
    output = step_output(house, run, "paid")
    assert (output["payload"], output["by"], output["at"]) == ({"sum": 5}, "portal", received.signal.at.isoformat())
    assert house.names(run) == ["run.created", "step.waiting", "signal.received", "step.succeeded"]
    event = house.database.events.of_run(run)[2]
    assert (event.seq, event.step, event.data) == (received.signal.number, "paid", {"signal": "paid", "by": "portal"})
    assert house.database.queries.run(run).waiting_for == ()


@pytest.mark.parametrize("payload", [None, 0, "text", [], {"a": {"b": [1, None, 2.5]}}])
def test_any_json_is_a_payload(house: House, payload: Any) -> None:
    run = house.begin(ASKED)
    house.signal(run, "paid", payload)
    assert house.seen(house.take(run, "next"))["steps"]["paid"]["payload"] == payload


def test_a_signal_that_comes_before_its_wait_is_kept_and_taken_when_it_begins(house: House) -> None:
    run = house.begin(DECIDED)
    early = house.signal(run, "publish", YES)
    assert (early.signal.step, early.outcome.hints) == (None, ())
    outcome = house.do(run, "draft")
    assert [hint.place for hint in outcome.hints] == ["next"]
    assert house.names(run)[-3:] == ["step.succeeded", "step.waiting", "step.succeeded"]
    assert house.sql("SELECT node FROM signal WHERE run = :run", run=run) == [("publish",)]


def test_signals_that_came_early_lead_through_a_whole_chain_of_waits_in_their_order(house: House) -> None:
    waits = [{"wait_for": key, "signal": "line"} for key in ("one", "two", "three")]
    run = house.begin({"chain": [step("a"), *waits, step("next", **{"with": {"x": "steps"}})]})
    for number in range(3):
        house.signal(run, "line", number)
    with pytest.raises(Conflict):
        house.signal(run, "line", 3)
    assert [hint.place for hint in house.do(run, "a").hints] == ["next"]
    assert [step_output(house, run, key)["payload"] for key in ("one", "two", "three")] == [0, 1, 2]


def test_of_those_who_wait_for_one_signal_the_longest_waiting_gets_the_first(house: House) -> None:
    one, two = {"wait_for": "one", "signal": "go"}, {"wait_for": "two", "signal": "go"}
    run = house.begin({"group": [{"chain": [step("a"), one]}, {"chain": [step("b"), two]}]})
    house.do(run, "b")
    since = house.column(run, "two", "started_at")
    while house.sql("SELECT {now}")[0][0] == since:
        pass  # SQLite's clock counts milliseconds, and a step takes less
    house.do(run, "a")
    assert [house.signal(run, "go").signal.step for _ in range(2)] == ["two", "one"]
    assert house.state(run) == "succeeded"


def test_a_crash_before_an_early_signal_is_gone_on_with_leaves_it_to_the_sweep(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    run = house.begin(DECIDED)
    house.signal(run, "publish", YES)
    monkeypatch.setattr(house.database.ledger, "settled", lambda program, attempt, outcome: outcome)
    assert house.do(run, "draft").hints == ()
    assert house.states(run)["publish"] == "parked"
    with pytest.raises(Conflict):
        house.signal(run, "publish", NO)
    assert [hint.place for hint in house.database.reconciler.sweep().hints] == ["next"]
    assert step_output(house, run, "publish")["approved"]


def test_a_run_that_is_cancelled_with_a_signal_in_hand_still_has_it_when_it_is_resumed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = house.begin(DECIDED)
    house.signal(run, "publish", YES)
    monkeypatch.setattr(house.database.ledger, "settled", lambda program, attempt, outcome: outcome)
    house.do(run, "draft")
    house.database.lifecycle.cancel(run, "enough")
    house.database.lifecycle.resume(house.programs[run], run)
    while not (sweep := house.database.reconciler.sweep()).waits:
        pass  # it is due now, and the clock of SQLite counts milliseconds
    assert [hint.place for hint in sweep.hints] == ["next"]


def test_the_same_key_is_the_same_signal_also_when_the_run_has_ended(house: House) -> None:
    run = house.begin({"wait_for": "paid"})
    first = house.signal(run, "paid", 5, key="k", fingerprint="f")
    assert house.state(run) == "succeeded"
    again = house.signal(run, "paid", 5, key="k", fingerprint="f")
    assert (again.created, again.signal, again.outcome.hints) == (False, first.signal, ())
    with pytest.raises(Conflict, match="key"):
        house.signal(run, "paid", 6, key="k", fingerprint="g")
    assert house.names(run).count("signal.received") == 1
    other = house.begin({"wait_for": "paid"})
    assert house.signal(other, "paid", 5, key="k", fingerprint="g").created


def test_a_signal_that_nothing_will_wait_for_is_refused_and_changes_nothing(house: House) -> None:
    run = house.begin({"chain": [{"wait_for": "paid"}, {"timer": "t", "seconds": 60}]})
    house.signal(run, "paid")
    with pytest.raises(Conflict, match="nothing waits for 'paid' any more"):
        house.signal(run, "paid")
    assert house.names(run)[-1] == "step.waiting"
    ended = house.begin({"wait_for": "paid"})
    house.database.lifecycle.cancel(ended, "enough")
    with pytest.raises(Conflict, match="the run is cancelled") as caught:
        house.signal(ended, "paid")
    assert "resume" in (caught.value.remedy or "")
    house.programs["nowhere"] = house.programs[run]
    with pytest.raises(NotFound):
        house.signal("nowhere", "paid")


def test_a_member_that_there_is_not_is_not_found_and_one_to_come_is(house: House) -> None:
    run = house.begin({"chain": [step("plan"), {**EACH["chain"][0], "items": "steps.plan.items", "max": 5}, step("next")]})
    with pytest.raises(NotFound, match="5 members at most"):
        house.signal(run, "confirm[5]")
    assert house.signal(run, "confirm[1]", "early").signal.step is None
    house.do(run, "plan", output={"items": [1, 2]})
    assert house.states(run)["confirm[1]"] == "succeeded"
    with pytest.raises(NotFound, match="2 members at most"):
        house.signal(run, "confirm[2]")


def test_a_rejection_fails_the_run_is_skipped_or_can_be_branched_on(house: House) -> None:
    run = house.begin({"approval": "a"})
    assert house.signal(run, "a", NO).outcome.failed
    assert house.error(run) == {"code": "rejected", "message": "somebody rejected it: Not yet."}
    house.database.lifecycle.resume(house.programs[run], run)
    house.signal(run, "a", YES)
    assert house.state(run) == "succeeded"
    branch = {"when": "steps.a.approved", "then": step("yes"), "otherwise": step("no")}
    run = house.begin({"chain": [{"approval": "a", "on_reject": "continue"}, branch]})
    assert [hint.place for hint in house.signal(run, "a", NO).outcome.hints] == ["no"]
    run = house.begin({"chain": [{"group": [{"approval": "a", "on_reject": "skip"}, step("b")], "id": "g"}, step("next")]})
    house.do(run, "b")
    assert [hint.place for hint in house.signal(run, "a", NO).outcome.hints] == ["next"]
    assert house.seen(house.take(run, "next")) is not None
    assert house.names(run).count("step.skipped") == 1


# -- ends and repairs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cancel", "deadline", "sibling"])
def test_nothing_of_a_run_that_has_ended_wakes_until_it_is_resumed(house: House, how: str) -> None:
    run = house.begin({"group": [TIMED, step("other")]})
    if how == "cancel":
        house.database.lifecycle.cancel(run, "enough")
    elif how == "deadline":
        house.late(run)
        house.database.reconciler.sweep()
    else:
        house.fail(house.take(run, "other"))
    assert house.states(run)["pause"] == "parked"
    assert house.column(run, "pause", "due") is None
    house.overdue(run, "pause")
    # As a sweep does that saw it due before the run ended.
    assert not house.database.ledger.waits.fire(house.programs[run], run, "pause", ()).recorded
    assert house.database.reconciler.sweep().hints == ()
    assert house.column(run, "pause", "due") is None
    assert house.database.queries.counts() == {}
    assert house.database.queries.run(run).waiting_for == ()
    assert [hint.place for hint in house.database.lifecycle.resume(house.programs[run], run)] == ["other"]
    assert [each.step for each in house.database.queries.run(run).waiting_for] == ["pause"]
    assert house.column(run, "pause", "attempt") == 2


def test_a_workflow_that_cannot_be_read_does_not_keep_other_timers_from_firing(house: House) -> None:
    broken, fine = house.begin({"timer": "t", "seconds": 60}), house.begin({"timer": "u", "seconds": 60})
    house.sql(
        "UPDATE workflow SET body = {json:body} WHERE digest = (SELECT digest FROM run WHERE id = :run)", run=broken, body='{"do": 1}'
    )
    house.overdue(broken, "t")
    house.overdue(fine, "u")
    assert house.database.reconciler.sweep().waits == 1
    assert (house.state(broken), house.state(fine)) == ("running", "succeeded")
    assert house.database.reconciler.sweep().waits == 0


def test_ordinary_steps_go_the_way_they_went_before(house: House) -> None:
    """Nothing of waits is asked where a workflow has none."""
    asked: list[str] = []
    driver = house.database.driver
    run = house.begin({"chain": [step("plan"), foreach("f", step("m"), items="steps.plan.items"), step("body")]})
    rows, atomic = driver.rows, driver.atomic

    def heard(sql: str, parameters: Any) -> Any:
        asked.append(sql)
        return rows(sql, parameters)

    def within(work: Callable[[Any], Any]) -> Any:
        def listening(session: Any) -> Any:
            inner = session.rows

            class Heard:
                def rows(self, sql: str, parameters: Any) -> Any:
                    asked.append(sql)
                    return inner(sql, parameters)

            return work(Heard())

        return atomic(listening)

    driver.rows, driver.atomic = heard, within  # type: ignore[method-assign]
    try:
        house.do(run, "plan", output={"items": [1, 2]})
        house.do(run, "m[0]", "m[1]", "body")
    finally:
        del driver.rows, driver.atomic
    assert not [sql for sql in asked if "signal" in sql or "parked" in sql]
    assert asked


# -- races ----------------------------------------------------------------------------------------------------------


def test_of_signals_and_timers_at_once_one_wins_and_the_step_is_recorded_once(postgres_house: House) -> None:
    house = postgres_house
    for _ in range(ROUNDS):
        run = house.begin(ASKED)
        house.overdue(run, "paid")
        program = house.programs[run]

        def send(number: int, run: str = run) -> Received | None:
            try:
                return house.signal(run, "paid", number)
            except Conflict:
                return None

        fires = [partial(house.database.ledger.waits.fire, program, run, "paid", ()) for _ in range(3)]
        found = at_once(*(partial(send, number) for number in range(4)), *fires)
        taken = [each for each in found if isinstance(each, Received) and each.signal.step]
        fired = [each for each in found if isinstance(each, Outcome) and each.recorded]
        assert len(taken) + len(fired) == 1
        ended = [name for name in house.names(run) if name in ("step.succeeded", "step.failed")]
        assert len(ended) == 1
        assert house.state(run) == ("failed" if fired else "running")
        assert house.names(run).count("signal.received") == len(taken)


def test_a_signal_at_the_moment_when_its_wait_begins_is_never_left_lying(postgres_house: House) -> None:
    house = postgres_house
    for _ in range(ROUNDS * 3):
        run = house.begin(DECIDED)
        draft = house.take(run, "draft")
        completed, received = at_once(partial(house.complete, draft), partial(house.signal, run, "publish", YES))
        hints = [hint.place for hint in (*completed.hints, *received.outcome.hints)]
        assert hints == ["next"]
        assert house.states(run) == {"draft": "succeeded", "publish": "succeeded", "next": "ready"}


def test_one_key_sent_many_times_at_once_is_one_signal(postgres_house: House) -> None:
    house = postgres_house
    for _ in range(ROUNDS):
        run = house.begin(DECIDED)
        found = at_once(*(partial(house.signal, run, "publish", YES, key="k", fingerprint="f") for _ in range(6)))
        assert [each.created for each in found].count(True) == 1
        assert len({each.signal.number for each in found}) == 1
        assert house.names(run).count("signal.received") == 1


def test_the_last_two_members_whose_signals_come_at_once_open_the_join_once(postgres_house: House) -> None:
    house = postgres_house
    for _ in range(ROUNDS):
        run = house.begin(EACH, {"items": list(range(6))})
        found = at_once(*(partial(house.signal, run, f"confirm[{number}]", number) for number in range(6)))
        assert [hint.place for each in found for hint in each.outcome.hints] == ["next"]
