"""What the ledger promises, asked of SQLite and PostgreSQL in the same words."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from synapse.contracts.run import Failure, RunFilter, RunState
from synapse.errors import Conflict, NotFound, Permanent, Unavailable
from synapse.state.events import START
from synapse.state.records import Keep, Note
from tests.moments import assert_utc
from tests.unit.state.house import BROKEN, KEEP, House, foreach, program_of, step
from tests.waiting import PATIENCE

PAIR = {"chain": [step("a"), step("b")]}
FAN_OUT = {"chain": [step("plan"), foreach("f", step("m"), items="steps.plan.items"), step("body", **{"with": {"all": "steps.f"}})]}
SKIPPING = {"chain": [foreach("f", step("m", on_error="skip")), step("body", **{"with": {"all": "steps.f", "lost": "skipped.f"}})]}


def seen(house: House, run: str, at: str) -> dict[str, Any]:
    """What the step's expressions are evaluated on."""
    return house.seen(house.take(run, at))


# -- claims and completions -----------------------------------------------------------------------------------------


def test_a_run_begins_with_its_first_steps_ready_and_a_hint_for_each(house: House) -> None:
    begun = house.begun({"group": [step("a"), step("b")]}, {"x": 1}, traceparent="00-1-2-01")
    assert [(hint.run, hint.place, hint.agent, hint.traceparent) for hint in begun.hints] == [
        (begun.run, "a", "echo", "00-1-2-01"),
        (begun.run, "b", "echo", "00-1-2-01"),
    ]
    assert house.states(begun.run) == {"a": "ready", "b": "ready"}
    assert house.names(begun.run) == ["run.created"]


def test_a_claim_gives_the_input_the_deadline_and_the_number_of_the_try(house: House) -> None:
    before = datetime.now(UTC)
    run = house.begin(PAIR, {"question": "why"}, traceparent="00-1-2-01", timeout=600.0)
    begun = datetime.now(UTC)
    attempt = house.take(run, "a")
    assert (attempt.number, attempt.failures, attempt.run_input, attempt.traceparent) == (1, 0, {"question": "why"}, "00-1-2-01")
    assert_utc(attempt.deadline, before + timedelta(seconds=600), begun + timedelta(seconds=600))


def test_a_step_that_is_taken_done_or_not_there_cannot_be_taken(house: House) -> None:
    run = house.begin(PAIR)
    attempt = house.take(run, "a")
    assert house.claim(run, "a") is None
    house.complete(attempt)
    assert house.claim(run, "a") is None
    house.programs["nowhere"] = house.programs[run]
    assert house.claim("nowhere", "a") is None
    assert house.names(run) == ["run.created", "step.started", "step.succeeded"]


def test_a_completion_makes_the_next_step_ready_and_the_last_one_ends_the_run_with_its_value(house: House) -> None:
    run = house.begin(PAIR)
    outcome = house.do(run, "a")
    assert [hint.place for hint in outcome.hints] == ["b"]
    assert not outcome.run_ended
    outcome = house.do(run, "b", output={"answer": 42})
    assert (outcome.hints, outcome.run_ended) == ((), True)
    assert (house.state(run), house.output(run)) == ("succeeded", {"answer": 42})
    assert house.names(run) == ["run.created", *("step.started", "step.succeeded") * 2, "run.succeeded"]


NESTED = {
    "chain": [
        step("a", **{"with": {"q": "input.q"}}),
        foreach(
            "f",
            {"chain": [step("m", **{"with": {"x": "f_item", "a": "steps.a"}}), step("n", **{"with": {"x": "f_item", "m": "steps.m"}})]},
            items="steps.a.items",
        ),
        foreach("g", step("o", **{"with": {"x": "g_item", "all": "steps.f"}}), items="steps.f[].at"),
        {"when": "steps.a.at", "then": step("p", **{"with": {"f": "steps.f", "g": "steps.g", "a": "steps.a"}})},
        {"group": [step("s", **{"with": {"p": "prev"}}), step("t")]},
        step("z", **{"with": {"both": "prev", "a": "steps.a"}}),
    ]
}


def test_who_keeps_a_step_has_it_claimed_with_all_that_its_inputs_need(house: House) -> None:
    run = house.begin(NESTED, {"q": "why"})
    waiting, kept = [house.take(run, "a")], []
    while waiting:
        attempt = waiting.pop()
        outcome = house.complete(attempt, {"at": attempt.place, "items": ["x", "y"]}, KEEP)
        assert outcome.recorded
        hinted = [hint.place for hint in outcome.hints]
        if outcome.kept is not None:
            assert outcome.kept.place not in hinted
            assert (outcome.kept.number, outcome.kept.failures, outcome.kept.run_input) == (1, 0, {"q": "why"})
            assert house.column(run, outcome.kept.place, "worker") == "w"
            assert house.seen(outcome.kept) == house.seen_afresh(outcome.kept)
            assert house.names(run)[-1] == "step.started"
            kept.append(outcome.kept.place)
            waiting.append(outcome.kept)
        waiting += [house.take(run, at) for at in hinted]
    assert house.state(run) == "succeeded"
    # Where a statement cannot see what others committed meanwhile, the step may be left to a claim of its own.
    assert {"m[0]", "n[0]", "n[1]", "s"} <= set(kept)
    assert house.names(run).count("step.started") == len(house.states(run))


def test_a_step_for_another_queue_is_not_kept(house: House) -> None:
    run = house.begin({"chain": [step("a"), {"step": "b", "agent": "other"}]})
    outcome = house.complete(house.take(run, "a"), keep=KEEP)
    assert (outcome.kept, [hint.place for hint in outcome.hints]) == (None, ["b"])
    assert house.states(run)["b"] == "ready"


def test_a_stale_result_keeps_nothing(house: House) -> None:
    run = house.begin(PAIR)
    late = house.take(run, "a")
    house.overdue(run, "a")
    house.take(run, "a")
    outcome = house.complete(late, keep=KEEP)
    assert (outcome.recorded, outcome.kept) == (False, None)
    assert "b" not in house.states(run)


def test_past_the_deadline_nothing_is_kept(house: House) -> None:
    run = house.begin(PAIR)
    attempt = house.take(run, "a")
    house.late(run)
    late = replace(attempt, deadline=datetime.now(UTC) - timedelta(seconds=1))
    outcome = house.complete(late, keep=KEEP)
    assert (outcome.recorded, outcome.kept, house.states(run)["b"]) == (True, None, "ready")


def test_a_step_sees_what_came_before_it(house: House) -> None:
    run = house.begin({"chain": [step("a"), step("b", **{"with": {"x": "prev.at", "y": "steps.a", "z": "input.q"}})]}, {"q": "why"})
    house.do(run, "a")
    assert seen(house, run, "b") == {"input": {"q": "why"}, "prev": {"at": "a"}, "steps": {"a": {"at": "a"}}, "skipped": {}}


def test_a_result_delivered_twice_counts_once(house: House) -> None:
    run = house.begin(PAIR)
    attempt = house.take(run, "a")
    assert house.complete(attempt, {"n": 1}).recorded
    again = house.complete(attempt, {"n": 2})
    assert (again.recorded, again.hints) == (False, ())
    assert house.database.driver.loads(house.column(run, "a", "output")) == {"n": 1}
    assert house.names(run).count("step.succeeded") == 1


def test_a_result_that_comes_after_another_worker_took_over_is_refused(house: House) -> None:
    run = house.begin(FAN_OUT)
    for at in ("plan", "m[0]", "m[1]", "body"):
        late = house.take(run, at)
        house.overdue(run, at)
        attempt = house.take(run, at)
        assert attempt.number == late.number + 1
        assert not house.complete(late, {"from": "the late one"}).recorded
        assert not house.fail(late).recorded
        assert not house.fail(late, retry_in=1.0).recorded
        assert not house.fail(late, skip=True).recorded
        assert not house.database.ledger.note(late, Note("log_broadcast", "step.progress"))
        assert house.complete(attempt, {"items": [1, 2], "from": "the one in time"}).recorded
    assert house.output(run)["from"] == "the one in time"


@pytest.mark.parametrize(
    "then",
    [
        [foreach("f", step("m"), min_success=1), step("body")],
        [foreach("f", step("m")), foreach("g", step("body"), items="[steps.f]"), step("end")],
    ],
    ids=["counted", "a list of outputs"],
)
def test_a_late_result_is_refused_also_where_what_comes_next_cannot_be_told_beforehand(house: House, then: list[dict[str, Any]]) -> None:
    run = house.begin({"chain": then}, {"items": [1, 2, 3]})
    for at in ("m[0]", "m[1]", "m[2]"):
        late = house.take(run, at)
        house.overdue(run, at)
        attempt = house.take(run, at)
        assert not house.complete(late, {"from": "the late one"}).recorded
        assert house.states(run)[at] == "running"
        assert house.complete(attempt, {"from": "the one in time"}).recorded
    house.drain(run)
    assert (house.state(run), house.names(run).count("step.succeeded")) == ("succeeded", len(house.states(run)))


def test_text_that_a_database_cannot_hold_is_kept_with_a_replacement(house: House) -> None:
    run = house.begin(step("a"), {"x": "a\x00b"})
    house.do(run, "a", output={"nul": "a\x00b", "half": "\ud800", "quoted": "\\u0000", "both": "\\\x00", "fine": "né 🙂"})
    assert house.output(run) == {"nul": "a\ufffdb", "half": "\ufffd", "quoted": "\\u0000", "both": "\\\ufffd", "fine": "né 🙂"}


@pytest.mark.parametrize("tree", [step("a"), PAIR, foreach("f", step("a"), items="[`1`, `2`]")])
def test_an_output_that_is_no_json_fails_the_step_at_once(house: House, tree: dict[str, Any]) -> None:
    run = house.begin(tree)
    at = next(iter(house.states(run)))
    assert house.do(run, at, output={"x": float("nan")}).run_ended
    assert (house.state(run), house.error(run)["code"]) == ("failed", "permanent")


# -- failures -------------------------------------------------------------------------------------------------------


def test_a_try_that_failed_waits_for_its_timer_and_is_then_ready_with_a_hint(house: House) -> None:
    run = house.begin(PAIR)
    assert house.fail(house.take(run, "a"), retry_in=60.0).hints == ()
    assert house.states(run) == {"a": "waiting"}
    assert house.claim(run, "a") is None
    assert house.database.reconciler.sweep().hints == ()
    house.overdue(run, "a")
    sweep = house.database.reconciler.sweep()
    assert ([hint.place for hint in sweep.hints], sweep.timers) == (["a"], 1)
    attempt = house.take(run, "a")
    assert (attempt.number, attempt.failures) == (2, 1)
    house.complete(attempt)
    assert house.names(run)[1:5] == ["step.started", "step.retrying", "step.started", "step.succeeded"]
    assert house.column(run, "a", "error") is None


def test_a_failure_for_good_ends_the_run_and_lets_no_sibling_start_or_finish(house: House) -> None:
    run = house.begin({"group": [step("a"), step("b"), step("c")]})
    bad, good = house.take(run, "a"), house.take(run, "b")
    assert house.fail(bad).run_ended
    assert (house.state(run), house.error(run)) == ("failed", BROKEN.model_dump())
    assert house.claim(run, "c") is None
    assert not house.complete(good).recorded
    assert house.database.ledger.beat([good], renew=True) == [good]
    assert house.names(run)[-2:] == ["step.failed", "run.failed"]
    for at in ("b", "c"):
        assert house.column(run, at, "due") is None


def test_a_skipped_member_is_left_out_and_told_of_with_its_item(house: House) -> None:
    run = house.begin(SKIPPING, {"items": ["x", "y", "z"]})
    house.fail(house.take(run, "m[1]"), skip=True)
    house.do(run, "m[2]", "m[0]")
    assert house.states(run) == {"m[0]": "succeeded", "m[1]": "skipped", "m[2]": "succeeded", "body": "ready"}
    found = seen(house, run, "body")
    assert found["steps"]["f"] == [{"at": "m[0]"}, {"at": "m[2]"}]
    assert found["skipped"]["f"] == [{"index": 1, "step": "m[1]", "error": BROKEN.model_dump(), "item": "y"}]


def test_a_skip_as_the_last_arrival_makes_the_body_ready(house: House) -> None:
    run = house.begin(SKIPPING, {"items": ["x", "y"]})
    house.do(run, "m[0]")
    outcome = house.fail(house.take(run, "m[1]"), skip=True)
    assert [hint.place for hint in outcome.hints] == ["body"]


def test_a_skip_outside_a_fan_out_goes_on_with_null(house: House) -> None:
    run = house.begin({"chain": [step("a", on_error="skip"), step("b", **{"with": {"x": "prev"}})]})
    house.fail(house.take(run, "a"), skip=True)
    assert seen(house, run, "b")["prev"] is None


def test_fewer_successes_than_the_fan_out_must_have_fail_the_run(house: House) -> None:
    tree = {"chain": [foreach("f", step("m", on_error="skip"), min_success=2), step("body")]}
    run = house.begin(tree, {"items": [1, 2, 3]})
    house.fail(house.take(run, "m[0]"), skip=True)
    house.do(run, "m[1]")
    outcome = house.fail(house.take(run, "m[2]"), skip=True)
    assert (outcome.recorded, outcome.run_ended, outcome.hints) == (True, True, ())
    assert "1 succeeded; 2 must" in house.error(run)["message"]
    run = house.begin(tree, {"items": [1, 2, 3]})
    house.fail(house.take(run, "m[0]"), skip=True)
    house.do(run, "m[1]", "m[2]")
    assert house.states(run)["body"] == "ready"
    run = house.begin(tree, {"items": [1, 2, 3]})
    for at in ("m[0]", "m[2]"):
        house.fail(house.take(run, at), skip=True)
    assert house.do(run, "m[1]").run_ended
    assert "1 succeeded; 2 must" in house.error(run)["message"]


def test_a_list_wider_than_its_foreach_fails_the_step_that_gave_it(house: House) -> None:
    run = house.begin({"chain": [step("plan"), foreach("f", step("m"), items="steps.plan.items", max=2)]})
    assert house.do(run, "plan", output={"items": [1, 2, 3]}).run_ended
    assert (house.state(run), house.states(run)) == ("failed", {"plan": "failed"})
    assert "3 items; this foreach allows 2" in house.error(run)["message"]


def test_a_list_made_of_a_fan_outs_values_has_the_last_members_too(house: House) -> None:
    branch = {"when": "f_item.go", "then": step("m")}
    run = house.begin({"chain": [foreach("f", branch), foreach("g", step("n"), items="steps.f[].at")]}, {"items": [{"go": True}] * 3})
    for at in ("m[1]", "m[0]"):
        assert house.do(run, at, output={"at": at}).hints == ()
    outcome = house.do(run, "m[2]", output={"at": "m[2]"})
    assert [hint.place for hint in outcome.hints] == ["n[0]", "n[1]", "n[2]"]


# -- shapes ---------------------------------------------------------------------------------------------------------


def test_the_body_of_a_fan_out_is_ready_once_all_are_in_and_sees_them_in_order(house: House) -> None:
    run = house.begin(FAN_OUT)
    house.do(run, "plan", output={"items": ["x", "y", "z"]})
    for at in ("m[2]", "m[0]"):
        assert house.do(run, at).hints == ()
    assert [hint.place for hint in house.do(run, "m[1]").hints] == ["body"]
    assert seen(house, run, "body")["steps"]["f"] == [{"at": "m[0]"}, {"at": "m[1]"}, {"at": "m[2]"}]


def test_a_member_sees_its_item_and_its_index(house: House) -> None:
    run = house.begin(foreach("f", step("m", **{"with": {"x": "f_item.n", "i": "index"}})), {"items": [{"n": 5}, {"n": 6}]})
    found = seen(house, run, "m[1]")
    assert (found["f_item"], found["index"]) == ({"n": 6}, 1)


def test_a_fan_out_over_nothing_is_passed_over(house: House) -> None:
    run = house.begin(FAN_OUT)
    outcome = house.do(run, "plan", output={"items": []})
    assert [hint.place for hint in outcome.hints] == ["body"]
    assert seen(house, run, "body")["steps"]["f"] == []


def test_a_run_with_nothing_to_do_succeeds_as_it_begins(house: House) -> None:
    run = house.begin(foreach("f", step("m")), {"items": []})
    assert (house.state(run), house.output(run)) == ("succeeded", [])
    assert house.names(run) == ["run.created", "run.succeeded"]


def test_nested_fan_outs_join_inside_out(house: House) -> None:
    tree = {"chain": [foreach("f", {"chain": [foreach("g", step("m"), items="f_item"), step("sum")]}), step("end")]}
    run = house.begin(tree, {"items": [["a", "b"], [], ["c"]]})
    assert list(house.states(run)) == ["m[0][0]", "m[0][1]", "m[2][0]", "sum[1]"]
    house.do(run, "sum[1]", "m[2][0]", "sum[2]", "m[0][1]")
    assert [hint.place for hint in house.do(run, "m[0][0]").hints] == ["sum[0]"]
    assert [hint.place for hint in house.do(run, "sum[0]").hints] == ["end"]


def test_an_inner_fan_out_that_is_empty_for_some_and_the_end_for_all_still_closes_the_outer_one(house: House) -> None:
    tree = {"chain": [foreach("f", {"chain": [step("m"), foreach("g", step("n"), items="steps.m.items")]}), step("end")]}
    run = house.begin(tree, {"items": [1, 2]})
    assert house.do(run, "m[0]", output={"items": []}).hints == ()
    house.do(run, "m[1]", output={"items": [1]})
    assert [hint.place for hint in house.do(run, "n[1][0]").hints] == ["end"]


def test_a_wide_list_opens_at_once_and_joins_once(house: House) -> None:
    run = house.begin({"chain": [step("plan"), foreach("f", step("m"), items="prev.items", max=400), step("end")]})
    hints = house.do(run, "plan", output={"items": list(range(400))}).hints
    assert [hint.place for hint in hints] == [f"m[{i}]" for i in range(400)]
    assert house.sql("SELECT width, pending FROM fan_out WHERE run = :run", run=run) == [(400, 400)]
    for i in range(5):
        house.do(run, f"m[{i}]")
    assert house.sql("SELECT width, pending FROM fan_out WHERE run = :run", run=run) == [(400, 395)]


@pytest.mark.parametrize(("deep", "expected"), [(True, ["deep"]), (False, ["shallow"])])
def test_a_when_takes_the_branch_that_the_value_before_it_says(house: House, deep: bool, expected: list[str]) -> None:
    tree = {"chain": [step("plan"), {"when": "steps.plan.deep", "then": step("deep"), "otherwise": step("shallow")}]}
    run = house.begin(tree)
    assert [hint.place for hint in house.do(run, "plan", output={"deep": deep}).hints] == expected
    house.drain(run)
    assert house.output(run) == {"at": expected[0]}


def test_a_when_not_taken_inside_a_foreach_counts_as_a_member_that_is_in(house: House) -> None:
    tree = {"chain": [foreach("f", {"chain": [step("m"), {"when": "prev.on", "then": step("n")}]}), step("end")]}
    run = house.begin(tree, {"items": [1, 2]})
    house.do(run, "m[0]", output={"on": False})
    house.do(run, "m[1]", output={"on": True})
    assert [hint.place for hint in house.do(run, "n[1]").hints] == ["end"]


def test_groups_in_a_branch_that_was_not_taken_do_not_shadow_the_one_that_was(house: House) -> None:
    tree = {"when": "input.deep", "then": {"group": [step("a"), step("b")]}, "otherwise": step("c")}
    run = house.begin(tree, {"deep": False})
    house.drain(run)
    assert house.output(run) == {"at": "c"}


def test_a_group_gives_its_members_values_in_the_order_written(house: House) -> None:
    run = house.begin({"group": [step("a"), {"chain": [step("b", on_error="skip"), step("c")]}, step("d")]})
    house.do(run, "d", "a")
    house.fail(house.take(run, "b"), skip=True)
    assert (house.state(run), house.output(run)) == ("succeeded", [{"at": "a"}, None, {"at": "d"}])


# -- cancel, resume, deadlines ------------------------------------------------------------------------------------------


def test_a_cancelled_run_starts_nothing_and_takes_no_result(house: House) -> None:
    run = house.begin({"group": [step("a"), step("b")]})
    attempt = house.take(run, "a")
    assert house.database.lifecycle.cancel(run, "enough")
    assert not house.database.lifecycle.cancel(run, "again")
    assert (house.state(run), house.error(run)) == ("cancelled", {"code": "cancelled", "message": "enough"})
    assert house.claim(run, "b") is None
    assert not house.complete(attempt).recorded
    assert house.database.ledger.beat([attempt], renew=False) == [attempt]
    assert house.names(run)[-1] == "run.cancelled"
    for at in ("a", "b"):
        assert house.column(run, at, "due") is None


@pytest.mark.parametrize(
    ("tree", "at"),
    [
        (PAIR, "a"),
        (step("a"), "a"),
        ({"chain": [foreach("f", step("m")), step("body")]}, "m[1]"),
        ({"chain": [foreach("f", step("m")), foreach("g", step("n"), items="steps.f")]}, "m[1]"),
        ({"chain": [foreach("f", step("m"), min_success=1), step("body")]}, "m[1]"),
        (foreach("f", {"chain": [step("m"), foreach("g", step("n"), items="steps.m.items")]}), "m[1]"),
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_whatever_a_result_would_lead_to_an_ended_run_refuses_it(house: House, tree: dict[str, Any], at: str, last: bool) -> None:
    run = house.begin(tree, {"items": [1, 2]})
    if last and "m[0]" in house.states(run):
        house.do(run, "m[0]", output={"items": []})
    attempt = house.take(run, at)
    # The step is left as it was: only the run's own state can refuse what comes.
    house.sql("UPDATE run SET state = 'failed' WHERE id = :run", run=run)
    before = (house.states(run), house.names(run))
    assert not house.complete(attempt).recorded
    assert not house.fail(attempt).recorded
    assert not house.fail(attempt, skip=True).recorded
    assert not house.fail(attempt, retry_in=1.0).recorded
    assert (house.states(run), house.names(run)) == before
    assert house.state(run) == "failed"


def test_a_resumed_run_goes_on_from_its_last_good_steps_with_fresh_tries(house: House) -> None:
    run = house.begin(FAN_OUT)
    house.do(run, "plan", output={"items": [1, 2]})
    house.do(run, "m[0]")
    old = house.take(run, "m[1]")
    house.database.lifecycle.cancel(run, "enough")
    hints = house.database.lifecycle.resume(house.programs[run], run)
    assert [hint.place for hint in hints] == ["m[1]"]
    assert (house.state(run), house.names(run)[-1]) == ("running", "run.resumed")
    assert not house.complete(old).recorded
    attempt = house.take(run, "m[1]")
    assert (attempt.number, attempt.failures) == (2, 0)
    assert not house.complete(old).recorded
    house.complete(attempt)
    house.do(run, "body")
    assert house.state(run) == "succeeded"


def test_a_failed_run_is_resumed_with_the_step_that_failed(house: House) -> None:
    run = house.begin(PAIR)
    house.do(run, "a")
    house.fail(house.take(run, "b"))
    house.database.lifecycle.resume(house.programs[run], run)
    assert house.states(run) == {"a": "succeeded", "b": "ready"}
    house.drain(run)
    assert (house.state(run), house.database.queries.run(run).error) == ("succeeded", None)


def test_only_a_failed_or_cancelled_run_is_resumed(house: House) -> None:
    run = house.begin(step("a"))
    with pytest.raises(Conflict, match="running"):
        house.database.lifecycle.resume(house.programs[run], run)
    house.do(run, "a")
    with pytest.raises(Conflict, match="succeeded"):
        house.database.lifecycle.resume(house.programs[run], run)
    with pytest.raises(NotFound):
        house.database.lifecycle.resume(house.programs[run], "nowhere")
    with pytest.raises(NotFound):
        house.database.lifecycle.cancel("nowhere", "x")


def test_past_its_deadline_nothing_of_a_run_starts_and_the_sweep_fails_it(house: House) -> None:
    run = house.begin(PAIR)
    attempt = house.take(run, "a")
    house.late(run)
    house.complete(attempt)
    assert house.claim(run, "b") is None
    assert house.database.reconciler.sweep().deadlines == 1
    assert (house.state(run), house.error(run)["code"]) == ("failed", "deadline")
    assert house.database.reconciler.sweep().deadlines == 0
    house.database.lifecycle.resume(house.programs[run], run)
    house.drain(run)
    assert house.state(run) == "succeeded"


# -- sweeps ---------------------------------------------------------------------------------------------------------


def test_a_healthy_run_gives_the_sweep_nothing_to_do(house: House) -> None:
    run = house.begin(PAIR)
    house.take(run, "a")
    sweep = house.database.reconciler.sweep()
    assert (sweep.hints, sweep.republished, sweep.leases_expired, sweep.given_up, sweep.deadlines) == ((), 0, 0, 0, 0)


def test_a_hint_that_nobody_took_is_given_again_with_growing_patience(house: House) -> None:
    run = house.begin(step("a"))
    for times in range(1, 4):
        house.overdue(run, "a")
        sweep = house.database.reconciler.sweep()
        assert ([hint.place for hint in sweep.hints], sweep.republished) == (["a"], 1)
        assert house.column(run, "a", "hints") == times
        assert house.database.reconciler.sweep().hints == ()


def test_a_step_whose_worker_fell_silent_is_ready_again_and_its_late_result_refused(house: House) -> None:
    run = house.begin(step("a"))
    attempt = house.take(run, "a")
    house.overdue(run, "a")
    sweep = house.database.reconciler.sweep()
    assert ([hint.place for hint in sweep.hints], sweep.leases_expired) == (["a"], 1)
    assert house.states(run) == {"a": "ready"}
    assert not house.complete(attempt).recorded
    assert house.take(run, "a").number == 2
    assert "step.lost" in house.names(run)


def test_a_heartbeat_keeps_the_lease_and_says_who_has_lost_it(house: House) -> None:
    run = house.begin({"group": [step("a"), step("b")]})
    mine, lost = house.take(run, "a"), house.take(run, "b")
    for at in ("a", "b"):
        house.overdue(run, at)
    house.take(run, "b")
    assert house.database.ledger.beat([mine, lost], renew=True) == [lost]
    assert house.database.reconciler.sweep().leases_expired == 0


def test_a_step_that_keeps_losing_its_worker_is_given_up(house: House) -> None:
    run = house.begin(step("a"))
    most = house.database.ledger.max_lost
    for _ in range(most):
        house.take(run, "a")
        house.overdue(run, "a")
        assert house.database.reconciler.sweep().given_up == 0
    house.take(run, "a")
    house.overdue(run, "a")
    assert house.claim(run, "a") is None
    assert house.database.reconciler.sweep().given_up == 1
    assert (house.state(run), house.error(run)["code"]) == ("failed", "worker-lost")


def test_what_the_end_of_a_run_left_due_is_put_to_rest_by_the_sweep(house: House) -> None:
    run = house.begin({"group": [step("a"), step("b"), step("c")]})
    house.take(run, "a")
    house.fail(house.take(run, "b"), retry_in=60)
    house.sql("UPDATE run SET state = 'cancelled' WHERE id = :run", run=run)  # as if all three had been locked at that moment
    for at in ("a", "b", "c"):
        house.overdue(run, at)
    assert house.database.reconciler.sweep().hints == ()
    assert [house.column(run, at, "due") for at in ("a", "b", "c")] == [None] * 3


# -- requests -------------------------------------------------------------------------------------------------------


def test_a_repeated_request_gives_the_same_run_and_another_one_with_its_key_a_conflict(house: House) -> None:
    first = house.begun(PAIR, idempotency_key="k", fingerprint="one")
    again = house.begun(PAIR, idempotency_key="k", fingerprint="one")
    assert (again.run, again.created, again.hints) == (first.run, False, ())
    with pytest.raises(Conflict):
        house.begun(PAIR, idempotency_key="k", fingerprint="two")


def test_a_beginning_written_twice_because_its_commit_was_in_doubt_is_one_run(house: House) -> None:
    assert house.begun(PAIR, id="mine").created
    assert not house.begun(PAIR, id="mine").created
    assert house.names("mine") == ["run.created"]


def test_a_first_node_that_cannot_be_started_is_the_caller_s_fault_and_leaves_nothing(house: House) -> None:
    with pytest.raises(Permanent):
        house.begin(foreach("f", step("m"), max=1), {"items": [1, 2]}, id="mine")
    with pytest.raises(NotFound):
        house.database.queries.state("mine")


# -- events, leases, blobs ------------------------------------------------------------------------------------------


def test_a_follower_gets_each_event_once_and_each_run_in_its_order(house: House) -> None:
    runs = [house.begin(FAN_OUT) for _ in range(3)]
    for run in runs:
        house.do(run, "plan", output={"items": [1, 2]})
    for at in ("m[0]", "m[1]", "body"):
        for run in runs:
            house.do(run, at)
    cursor, found = START, []
    while True:
        events, cursor = house.database.events.follow(cursor, limit=4)
        found += events
        if not events:
            break
    for run in runs:
        assert [event.seq for event in found if event.run == run] == list(range(1, len(house.names(run)) + 1))
    assert len(found) == sum(len(house.names(run)) for run in runs)
    assert house.database.events.follow(house.database.events.newest())[0] == []


def test_an_event_says_what_when_and_of_whom(house: House) -> None:
    run = house.begin(step("a"))
    attempt = house.take(
        run,
        "a",
    )
    before = datetime.now(UTC)
    assert house.database.ledger.note(attempt, Note("log_broadcast", "step.progress", data={"done": 1}))
    noted = datetime.now(UTC)
    event = house.database.events.of_run(run, after=2)[0]
    assert (event.seq, event.name, event.step, event.agent, event.attempt, event.data) == (3, "step.progress", "a", "echo", 1, {"done": 1})
    assert_utc(event.at, before, noted)


def test_a_lease_has_one_holder_who_may_renew_and_return_it(house: House) -> None:
    leases = house.database.leases
    assert leases.take("duty", "x", 60) == (True, None)
    assert leases.take("duty", "y", 60) == (False, None)
    leases.leave("duty", "y", "not mine to leave")
    leases.leave("duty", "x", "as far as 7")
    assert leases.take("duty", "x", 60) == (True, "as far as 7")
    leases.give("duty", "y")
    assert leases.take("duty", "y", 60) == (False, None)
    leases.give("duty", "x")
    house.sql("UPDATE lease SET until = {in:ago}", ago=-1.0)
    assert leases.take("duty", "y", 60) == (True, "as far as 7")


def test_blobs_are_kept_under_their_sha256(house: House) -> None:
    async def use() -> None:
        name = await house.database.blobs.put(b"\x00bytes")
        assert await house.database.blobs.put(b"\x00bytes") == name
        assert await house.database.blobs.get(name) == b"\x00bytes"
        for missing in ("0" * 64, "../etc/passwd"):
            with pytest.raises(Permanent):
                await house.database.blobs.get(missing)

    asyncio.run(use())


def test_a_large_output_is_a_blob_in_between_and_itself_to_whoever_asks(house: House) -> None:
    large = {"text": "x" * 70_000}
    run = house.begin({"chain": [foreach("f", step("m")), step("end", **{"with": {"all": "steps.f"}})]}, {"items": [1, 2]})
    house.do(run, "m[0]", "m[1]", output=large)
    assert "$blob" in house.database.driver.loads(house.column(run, "m[0]", "output"))
    attempt = house.take(run, "end")
    assert house.seen(attempt)["steps"]["f"] == [large, large]
    house.complete(attempt, large)
    assert house.output(run) == large
    run = house.begin(foreach("f", step("m")), {"items": [1, 2]})
    house.do(run, "m[0]", output=large)
    house.do(run, "m[1]")
    assert house.output(run) == [large, {"at": "m[1]"}]


# -- questions and tables -------------------------------------------------------------------------------------------


def test_pages_of_runs_are_newest_first_without_a_gap_or_a_repetition(house: House) -> None:
    runs = [house.begin(step("a")) for _ in range(7)]
    house.sql(
        "UPDATE run SET created_at = (SELECT created_at FROM run WHERE id = :one) WHERE id IN (:two, :three)",
        one=runs[1],
        two=runs[2],
        three=runs[3],
    )
    house.database.lifecycle.cancel(runs[0], "x")
    found, cursor = [], None
    while True:
        page = house.database.queries.runs(limit=2, cursor=cursor)
        found += [run.id for run in page.runs]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(found) == sorted(runs)
    assert found[0] == runs[-1]
    assert [run.id for run in house.database.queries.runs(RunFilter(state=(RunState.CANCELLED,))).runs] == [runs[0]]
    assert house.database.queries.runs(RunFilter(workflow="other")).runs == ()


def test_a_run_is_shown_with_its_steps_in_the_order_they_started(house: House) -> None:
    run = house.begin({"group": [step("b"), step("a"), step("c")]})
    house.do(run, "b")
    started = house.column(run, "b", "started_at")
    while house.sql("SELECT {now}")[0][0] == started:
        pass  # SQLite's clock counts milliseconds, and a step takes less
    house.fail(house.take(run, "a"), Failure(code="timeout", message="slow"))
    detail = house.database.queries.run(run)
    assert [(view.path, view.state.value, view.attempt) for view in detail.steps] == [
        ("b", "succeeded", 1),
        ("a", "failed", 1),
        ("c", "ready", 0),
    ]
    assert detail.steps[1].error == Failure(code="timeout", message="slow")
    assert (detail.state, detail.output, detail.workflow) == (RunState.FAILED, None, "w")
    assert house.database.queries.counts() == {}


def test_open_steps_are_counted_by_state_and_by_agent(house: House) -> None:
    before = datetime.now(UTC)
    run = house.begin({"group": [step("a"), step("b"), step("c"), step("d")]})
    house.take(run, "a")
    house.fail(house.take(run, "b"), retry_in=9)
    assert house.database.queries.counts() == {"running": 1, "waiting": 1, "ready": 2}
    ((agent, ready, due, doubted),) = house.database.queries.backlog()
    assert (agent, ready, doubted) == ("echo", 2, None)
    assert due is not None
    assert due > before
    house.sql("UPDATE step SET hints = 1 WHERE state = 'ready' RETURNING 1")
    ((_, _, due, doubted),) = house.database.queries.backlog()
    assert due is None
    assert_utc(doubted, before, datetime.now(UTC))
    assert house.database.queries.running() == 1
    assert house.database.queries.dead_letters() == []


def test_a_definition_is_found_by_its_digest(house: House) -> None:
    program = program_of(FAN_OUT)
    run = house.begin(program)
    assert house.database.definitions.of_run(run) == program.workflow
    assert house.database.definitions.get(program.digest) == program.workflow
    definitions, queries = house.database.definitions, house.database.queries
    for ask in (definitions.get, definitions.of_run, queries.run, queries.state):
        with pytest.raises(NotFound):
            ask("nothing")


def test_a_step_that_no_worker_can_make_out_waits_for_as_long_as_a_rollout_takes_and_uses_up_no_try(house: House) -> None:
    ledger, run = house.database.ledger, house.begin(step("a"), timeout=3600.0)
    house.sql("UPDATE step SET hints = 3")
    assert not ledger.pass_on(run, "a", (), BROKEN)
    assert [house.column(run, "a", name) for name in ("state", "attempt", "lost", "hints")] == ["ready", 0, 0, 2]
    # It is offered again soon, not after the grace of a message that may be lost.
    assert house.sql("SELECT 1 FROM step WHERE due > {now} AND due < {in:soon}", soon=10.0)
    house.long_ago(run, ledger.rollout - 5)
    assert not ledger.pass_on(run, "a", (), BROKEN)
    house.long_ago(run, ledger.rollout + 5)
    assert ledger.pass_on(run, "a", (), BROKEN)
    assert (house.state(run), house.error(run)["code"]) == ("failed", BROKEN.code)
    house.database.lifecycle.resume(house.programs[run], run)
    assert not ledger.pass_on(run, "a", (), BROKEN)
    assert house.names(run) == ["run.created", "step.lost", "step.lost", "step.failed", "run.failed", "run.resumed", "step.lost"]
    assert house.take(run, "a").number == 1


def test_who_has_not_the_agent_of_what_comes_next_does_not_keep_it(house: House) -> None:
    tree = {"chain": [step("a"), step("b", agent="echo.newer")]}
    for agents, kept in (({"echo"}, False), ({"echo", "echo.newer"}, True), (None, True)):
        run = house.begin(tree)
        outcome = house.complete(house.take(run, "a"), keep=Keep("w", "synapse-echo", agents))
        assert (outcome.kept is not None) is kept
        assert [hint.place for hint in outcome.hints] == [] if kept else ["b"]


def test_tables_of_a_newer_version_are_used_by_the_programs_that_they_say(house: House) -> None:
    house.sql("UPDATE alembic_version SET version_num = '9999'")
    house.database.check_version()
    house.database.upgrade()
    run = house.begin(step("a"))
    house.drain(run)
    assert house.state(run) == "succeeded"
    house.sql("UPDATE compatibility SET oldest = '9998'")
    for ask in (house.database.check_version, house.database.upgrade):
        with pytest.raises(Unavailable, match="programs before version 9998 cannot use"):
            ask()


def test_tables_are_made_once_however_many_processes_try_and_often(house: House) -> None:
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(partial(house.database.upgrade)) for _ in range(3)]:
            future.result(PATIENCE)
    house.database.check_version()
    run = house.begin(step("a"))
    house.drain(run)
    house.database.upgrade()
    assert house.state(run) == "succeeded"
