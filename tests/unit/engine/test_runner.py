from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from synapse.contracts.toolbox import Toolbox
from synapse.contracts.workflow import Retry
from synapse.engine import runner as module
from synapse.engine.heartbeat import Heartbeat
from synapse.engine.runner import back_in, delay
from synapse.engine.stopping import Stopping
from synapse.errors import OutOfReach, Permanent, StepTimeout, SynapseError, Transient, Unavailable
from synapse.state.window import Window
from synapse.telemetry import metrics
from tests.moments import assert_utc
from tests.unit.engine.workshop import Things, Told, Workshop, echo
from tests.unit.state.house import foreach, step
from tests.waiting import PATIENCE, until

NEVER_AGAIN = Retry(attempts=1)


def raising(error: BaseException) -> Any:
    """An agent's function that raises this."""

    def function(task: Things, tools: Toolbox) -> Told:
        raise error

    return function


# -- inputs -----------------------------------------------------------------------------------------------------


def test_inputs_are_evaluated_on_the_runs_input_and_on_earlier_outputs(workshop: Workshop) -> None:
    tree = {"chain": [step("a", **{"with": {"seen": "input.question"}}), step("b", **{"with": {"seen": "[steps.a.said, prev.said, `1`]"}})]}
    run = workshop.begin(tree, {"question": "why"})
    assert [workshop.attempt(run, "a"), workshop.attempt(run, "b")] == ["succeeded", "succeeded"]
    assert workshop.said(run, "b") == ["why", "why", 1]
    assert workshop.house.state(run) == "succeeded"


def test_what_is_no_string_is_a_literal(workshop: Workshop) -> None:
    run = workshop.begin(step("a", **{"with": {"seen": {"deep": ["input.x", 2]}}}), {"x": 1})
    workshop.attempt(run, "a")
    assert workshop.said(run, "a") == {"deep": ["input.x", 2]}


@pytest.mark.parametrize(
    ("tree", "at", "path"),
    [
        (step("a", **{"with": {"number": "input.x"}}), "a", "do.with.number: "),
        ({"chain": [step("a", **{"with": {"number": "input.x"}}), step("b")]}, "a", "do.chain[0].with.number: "),
        (foreach("each", step("a", **{"with": {"number": "each_item"}}), items="input.list"), "a[0]", "do.do.with.number: "),
    ],
)
def test_an_input_that_does_not_fit_fails_the_step_at_once_and_the_error_names_its_path(
    workshop: Workshop, tree: dict[str, Any], at: str, path: str
) -> None:
    run = workshop.begin(tree, {"x": "many", "list": ["many"]})
    assert workshop.attempt(run, at) == "failed"
    error = workshop.error(run, at)
    assert error["code"] == "permanent"
    assert error["message"].startswith(path)
    assert "valid integer" in error["message"]


def test_an_expression_that_cannot_be_evaluated_fails_the_step(workshop: Workshop) -> None:
    run = workshop.begin(step("a", **{"with": {"seen": "length(input.number)"}}), {"number": 5})
    assert workshop.attempt(run, "a") == "failed"
    assert "length(input.number)" in workshop.error(run, "a")["message"]


class Nullable(BaseModel):
    """Fields of which some may be null."""

    model_config = ConfigDict(populate_by_name=True)
    needed: str | None
    number: int = 7
    kind: str = Field(default="usual", alias="class")


def test_null_for_a_field_with_a_default_counts_as_not_given_and_is_kept_where_there_is_no_default(workshop: Workshop) -> None:
    def tell(task: Nullable, tools: Toolbox) -> Told:
        return Told(said=[task.needed, task.number, task.kind])

    workshop.add("tell", tell)
    nothing = {"needed": "input.nothing", "number": "input.nothing", "class": "input.nothing"}
    run = workshop.begin({"step": "a", "agent": "tell", "with": nothing})
    assert workshop.attempt(run, "a") == "succeeded"
    assert workshop.said(run, "a") == [None, 7, "usual"]


# -- agents -----------------------------------------------------------------------------------------------------


def test_a_synchronous_agent_runs_on_the_steps_own_thread(workshop: Workshop) -> None:
    workshop.add("where", _where)
    run = workshop.begin({"step": "a", "agent": "where"})
    workshop.attempt(run, "a")
    assert workshop.said(run, "a") == threading.current_thread().name


def _where(task: Things, tools: Toolbox) -> Told:
    return Told(said=threading.current_thread().name)


def test_an_asynchronous_agent_runs_on_the_loop_of_the_process(workshop: Workshop) -> None:
    async def where(task: Things, tools: Toolbox) -> Told:
        await asyncio.sleep(0)
        return _where(task, tools)

    workshop.add("where", where)
    run = workshop.begin({"step": "a", "agent": "where"})
    assert workshop.attempt(run, "a") == "succeeded"
    assert workshop.said(run, "a") == "synapse-loop"


def test_an_agent_is_told_who_asks_and_until_when(workshop: Workshop) -> None:
    run = workshop.begin(step("a", timeout=5), traceparent="00-trace", timeout=600.0)
    before = datetime.now(UTC)
    workshop.attempt(run, "a")
    (context,) = workshop.contexts
    assert (context.run, context.step, context.agent, context.attempt, context.traceparent) == (run, "a", "echo", 1, "00-trace")
    assert context.idempotency_key == f"{run}:a"
    assert_utc(context.deadline, before + timedelta(seconds=5), datetime.now(UTC) + timedelta(seconds=5))


def test_no_attempt_has_longer_than_its_run(workshop: Workshop) -> None:
    before = datetime.now(UTC)
    run = workshop.begin(step("a", timeout=500), timeout=20.0)
    begun = datetime.now(UTC)
    workshop.attempt(run, "a")
    assert_utc(workshop.contexts[0].deadline, before + timedelta(seconds=20), begun + timedelta(seconds=20))


def test_another_type_than_the_agents_output_is_refused(workshop: Workshop) -> None:
    def wrong(task: Things, tools: Toolbox) -> Told:
        return {"said": 1}  # type: ignore[return-value] # the fault under test

    workshop.add("wrong", wrong)
    run = workshop.begin({"step": "a", "agent": "wrong"})
    assert workshop.attempt(run, "a") == "failed"
    assert workshop.error(run, "a")["message"] == "agent 'wrong' gave dict, not Told"


def test_a_number_that_json_does_not_know_is_recorded_as_null(workshop: Workshop) -> None:
    workshop.add("nan", telling(float("nan")))
    run = workshop.begin({"step": "a", "agent": "nan"})
    assert workshop.attempt(run, "a") == "succeeded"
    assert workshop.said(run, "a") is None


def telling(said: Any) -> Any:
    """An agent's function that says this."""

    def function(task: Things, tools: Toolbox) -> Told:
        return Told(said=said, items=[1, 2, 3])

    return function


def test_an_agent_that_is_not_installed_here_fails_the_step_and_is_named(workshop: Workshop) -> None:
    run = workshop.begin({"step": "a", "agent": "stranger"})
    assert workshop.attempt(run, "a") == "failed"
    assert "'stranger'" in workshop.error(run, "a")["message"]
    assert workshop.house.error(run)["code"] == "permanent"


def test_a_list_that_is_too_wide_fails_the_step_that_gave_it(workshop: Workshop) -> None:
    workshop.add("wide", telling(None))
    tree = {"chain": [{"step": "a", "agent": "wide"}, foreach("each", step("b"), items="prev.items", max=2)]}
    run = workshop.begin(tree)
    assert workshop.attempt(run, "a") == "failed"
    assert workshop.house.state(run) == "failed"


# -- time -------------------------------------------------------------------------------------------------------


def test_an_agent_whose_time_is_up_is_tried_again(workshop: Workshop) -> None:
    async def wait(task: Things, tools: Toolbox) -> Told:
        await asyncio.Event().wait()
        return Told()

    workshop.add("wait", wait)
    run = workshop.begin({"step": "a", "agent": "wait", "timeout": 0.02})
    assert workshop.attempt(run, "a") == "retrying"
    assert workshop.error(run, "a") == {"code": "timeout", "message": "no result within 0.02 seconds"}
    assert workshop.house.states(run) == {"a": "waiting"}


def test_a_timeout_of_the_agents_own_is_not_taken_for_the_steps(workshop: Workshop) -> None:
    async def impatient(task: Things, tools: Toolbox) -> Told:
        raise TimeoutError("a socket's")

    workshop.add("impatient", impatient)
    run = workshop.begin({"step": "a", "agent": "impatient"})
    assert workshop.attempt(run, "a") == "retrying"
    assert workshop.error(run, "a") == {"code": "internal", "message": "TimeoutError: a socket's"}


# -- retries ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "became"),
    [
        (Transient("busy"), "retrying"),
        (StepTimeout("slow"), "retrying"),
        (Unavailable("away"), "retrying"),
        (ZeroDivisionError("unforeseen"), "retrying"),
        (Permanent("wrong"), "failed"),
        (SynapseError("no reason to hope"), "failed"),
    ],
)
def test_the_error_says_whether_another_try_helps_and_an_unforeseen_one_may(workshop: Workshop, error: Exception, became: str) -> None:
    workshop.add("broken", raising(error))
    run = workshop.begin({"step": "a", "agent": "broken"})
    assert workshop.attempt(run, "a") == became
    assert workshop.house.states(run)["a"] == {"retrying": "waiting"}.get(became, became)


@pytest.mark.parametrize(
    ("on", "error", "became"),
    [
        (["permanent"], Permanent("wrong"), "retrying"),
        (["permanent"], Transient("busy"), "failed"),
        (["timeout", "internal"], ValueError("odd"), "retrying"),
        ([], Transient("busy"), "failed"),
    ],
)
def test_codes_that_a_step_names_overrule_what_the_error_says(workshop: Workshop, on: list[str], error: Exception, became: str) -> None:
    workshop.add("broken", raising(error))
    run = workshop.begin({"step": "a", "agent": "broken", "retry": {"on": on}})
    assert workshop.attempt(run, "a") == became


def test_tries_are_counted_and_the_last_failure_ends_the_run(workshop: Workshop) -> None:
    workshop.add("broken", raising(Transient("busy")))
    run = workshop.begin({"step": "a", "agent": "broken", "retry": {"attempts": 3}})
    became = []
    for _ in range(3):
        became.append(workshop.attempt(run, "a"))
        if workshop.house.states(run) == {"a": "waiting"}:
            assert workshop.attempt(run, "a") == "nothing"  # before its time
            workshop.house.overdue(run, "a")
            workshop.house.database.reconciler.sweep()
    assert became == ["retrying", "retrying", "failed"]
    assert workshop.house.error(run) == {"code": "transient", "message": "busy"}
    assert workshop.house.names(run).count("step.retrying") == 2


def test_a_steps_own_retry_goes_before_its_agents(workshop: Workshop) -> None:
    workshop.add("broken", raising(Transient("busy")), retry=NEVER_AGAIN)
    own = workshop.begin({"step": "a", "agent": "broken", "retry": {"attempts": 2}})
    agents = workshop.begin({"step": "a", "agent": "broken"})
    assert [workshop.attempt(own, "a"), workshop.attempt(agents, "a")] == ["retrying", "failed"]


def test_the_next_try_waits_as_long_as_the_law_says(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.random, "uniform", lambda low, high: high)
    workshop.add("broken", raising(Transient("busy")))
    run = workshop.begin({"step": "a", "agent": "broken", "retry": {"delay": 40, "factor": 3, "max_delay": 100}})
    workshop.attempt(run, "a")
    (retrying,) = [event for event in workshop.house.database.events.of_run(run) if event.name == "step.retrying"]
    assert retrying.data["retry_in"] == 40


RETRIES = st.builds(
    Retry, attempts=st.just(20), delay=st.floats(0, 3600), factor=st.floats(1, 10), max_delay=st.floats(0, 86400), on=st.none()
)


@given(retry=RETRIES, failures=st.integers(0, 20))
def test_a_delay_is_bounded_and_jittered_between_half_and_whole(retry: Retry, failures: int) -> None:
    whole = min(retry.max_delay, retry.delay * retry.factor**failures)
    assert whole / 2 <= delay(retry, failures) <= whole <= retry.max_delay


@given(retry=RETRIES, failures=st.integers(0, 20), asked=st.floats(0, 86400))
def test_who_asks_for_a_pause_gets_it_as_far_as_the_limit_goes(retry: Retry, failures: int, asked: float) -> None:
    assert min(asked, retry.max_delay) <= delay(retry, failures, Transient("busy", retry_after=asked)) <= retry.max_delay


@given(retry=RETRIES, failures=st.integers(0, 19))
def test_the_shortest_delay_grows_with_each_failure_until_it_meets_its_limit(retry: Retry, failures: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.random, "uniform", lambda low, high: low)
        assert delay(retry, failures) <= delay(retry, failures + 1)


# -- failures ---------------------------------------------------------------------------------------------------


def test_a_step_that_may_be_skipped_is_and_the_run_goes_on(workshop: Workshop) -> None:
    workshop.add("broken", raising(Permanent("gone")))
    tree = {"chain": [{"step": "a", "agent": "broken", "on_error": "skip"}, step("b", **{"with": {"seen": "prev"}})]}
    run = workshop.begin(tree)
    assert workshop.attempt(run, "a") == "skipped"
    assert workshop.attempt(run, "b") == "succeeded"
    assert workshop.said(run, "b") is None
    assert workshop.house.state(run) == "succeeded"


def test_a_step_that_may_be_skipped_is_tried_as_often_as_any_other_before(workshop: Workshop) -> None:
    workshop.add("broken", raising(Transient("busy")))
    run = workshop.begin({"step": "a", "agent": "broken", "on_error": "skip"})
    assert workshop.attempt(run, "a") == "retrying"


def test_a_failed_step_fails_its_run(workshop: Workshop) -> None:
    workshop.add("broken", raising(Permanent("gone")))
    run = workshop.begin({"group": [{"step": "a", "agent": "broken"}, step("b")]})
    assert workshop.attempt(run, "a") == "failed"
    assert workshop.house.error(run) == {"code": "permanent", "message": "gone"}
    assert workshop.attempt(run, "b") == "nothing"


# -- hints that are late, doubled or stale ----------------------------------------------------------------------


def test_a_hint_that_comes_twice_finds_nothing_to_do(workshop: Workshop) -> None:
    run = workshop.begin(step("a"))
    before = metrics.HINTS_SUPPRESSED._value.get()
    assert [workshop.attempt(run, "a"), workshop.attempt(run, "a")] == ["succeeded", "nothing"]
    assert metrics.HINTS_SUPPRESSED._value.get() == before + 1


def test_a_hint_for_an_unknown_workflow_and_run_does_nothing(workshop: Workshop) -> None:
    assert workshop.runner.try_step("r1", "a", "f" * 64) == "nothing"


def test_a_workflow_that_cannot_be_read_is_left_to_other_workers_and_then_fails_its_run(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, max_lost=1, rollout_seconds=500.0)
    run = workshop.begin(step("a"))
    workshop.house.sql("UPDATE workflow SET body = :body", body='{"name": "w", "do": {"from_the_future": 1}}')
    assert [workshop.attempt(run, "a") for _ in range(2)] == ["nothing", "nothing"]
    assert [workshop.house.column(run, "a", name) for name in ("state", "attempt", "lost")] == ["ready", 0, 0]
    workshop.house.long_ago(run, 501.0)
    assert [workshop.attempt(run, "a") for _ in range(2)] == ["failed", "nothing"]
    assert workshop.house.error(run)["code"] == "unreadable-workflow"
    assert workshop.house.names(run) == ["run.created", "step.lost", "step.lost", "step.failed", "run.failed"]
    workshop.close()


def test_a_plain_function_that_overruns_fails_its_step_while_it_is_still_at_it(tmp_path: Path) -> None:
    workshop, go = Workshop(tmp_path, lease_seconds=0.06), threading.Event()

    def slow(task: Things, tools: Toolbox) -> Told:
        go.wait(PATIENCE)
        return Told(said="too late")

    workshop.add("slow", slow, retry=Retry(attempts=1))
    run = workshop.begin({"step": "a", "agent": "slow", "timeout": 0.05})
    with ThreadPoolExecutor(1) as pool:
        became = pool.submit(workshop.attempt, run, "a")
        until(lambda: workshop.house.state(run) == "failed")
        assert workshop.error(run, "a") == {"code": "timeout", "message": "no result within 0.05 seconds"}
        go.set()
        assert became.result(PATIENCE) == "stale"
    workshop.close()


@pytest.mark.parametrize("error", [None, Permanent("too late to fail either")])
def test_a_result_that_comes_after_another_worker_took_the_step_changes_nothing(workshop: Workshop, error: Exception | None) -> None:
    taken: list[Any] = []

    def slow(task: Things, tools: Toolbox) -> Told:
        workshop.house.overdue(run, "a")
        taken.append(workshop.house.take(run, "a"))
        if error is not None:
            raise error
        return Told(said="late")

    workshop.add("slow", slow)
    run = workshop.begin({"chain": [{"step": "a", "agent": "slow"}, step("b")]})
    before = metrics.RESULTS_FENCED._value.get()
    assert workshop.attempt(run, "a") == "stale"
    assert metrics.RESULTS_FENCED._value.get() == before + 1
    assert workshop.house.states(run) == {"a": "running"}
    assert workshop.published.sent == []
    assert workshop.house.complete(taken[0], {"said": "in time"}).recorded
    assert workshop.said(run, "a") == "in time"


def test_a_running_agent_is_stopped_soon_after_its_run_was_cancelled(tmp_path: Any) -> None:
    workshop = Workshop(tmp_path, lease_seconds=0.3)
    started, stopped = threading.Event(), threading.Event()

    async def wait(task: Things, tools: Toolbox) -> Told:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return Told()

    workshop.add("wait", wait)
    run = workshop.begin({"step": "a", "agent": "wait"})
    became: list[str] = []
    thread = threading.Thread(target=lambda: became.append(workshop.attempt(run, "a")))
    thread.start()
    assert started.wait(PATIENCE)
    workshop.house.database.lifecycle.cancel(run, "no longer wanted")
    thread.join(PATIENCE)
    assert became == ["cancelled"]
    assert stopped.wait(PATIENCE)
    assert workshop.house.state(run) == "cancelled"
    assert workshop.house.states(run) == {"a": "ready"}
    workshop.close()


def test_an_agent_whose_own_helper_was_cancelled_is_tried_again_and_not_left_until_its_lease_runs_out(workshop: Workshop) -> None:
    async def helped(task: Things, tools: Toolbox) -> Told:
        helper = asyncio.ensure_future(asyncio.Event().wait())
        helper.cancel()
        await helper
        return Told()

    workshop.add("helped", helped)
    run = workshop.begin({"step": "a", "agent": "helped"})
    assert workshop.attempt(run, "a") == "retrying"
    assert workshop.error(run, "a")["code"] == "transient"


# -- messages ---------------------------------------------------------------------------------------------------


def test_hints_are_sent_only_when_what_they_speak_of_is_committed(workshop: Workshop) -> None:
    tree = {"chain": [step("a"), {"group": [step("b"), step("c")]}, step("d")]}
    run = workshop.begin(tree)
    for at in ("a", "b", "c", "d"):
        assert workshop.attempt(run, at) == "succeeded"
    assert [(hint.place, state) for hint, state in workshop.published.sent] == [("b", "ready"), ("c", "ready"), ("d", "ready")]


def test_a_publisher_that_takes_nothing_does_not_fail_the_step(workshop: Workshop) -> None:
    workshop.published.takes = False
    run = workshop.begin({"chain": [step("a"), step("b")]})
    assert workshop.attempt(run, "a") == "succeeded"
    assert workshop.house.states(run) == {"a": "succeeded", "b": "ready"}


def test_progress_becomes_events_at_most_two_a_second(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(module, "perf_counter", lambda: clock[0])

    async def steady(task: Things, tools: Toolbox) -> Told:
        for done in range(1, 21):
            clock[0] += 0.1
            await tools.progress(done, 20, "x" * 300)
        return Told()

    workshop.add("steady", steady)
    run = workshop.begin({"step": "a", "agent": "steady"})
    assert workshop.attempt(run, "a") == "succeeded"
    events = [event for event in workshop.house.database.events.of_run(run) if event.name == "step.progress"]
    assert 3 <= len(events) <= 4
    assert {len(event.data["message"]) for event in events} == {200}
    assert (events[0].step, events[0].agent, events[0].attempt) == ("a", "steady", 1)


def test_a_step_that_is_soon_done_reports_no_progress(workshop: Workshop) -> None:
    async def quick(task: Things, tools: Toolbox) -> Told:
        await tools.progress(1, 1, "done already")
        return Told()

    workshop.add("quick", quick)
    run = workshop.begin({"step": "a", "agent": "quick"})
    workshop.attempt(run, "a")
    assert workshop.house.names(run) == ["run.created", "step.started", "step.succeeded", "run.succeeded"]


def test_the_event_of_a_step_under_way_is_there_before_it_ends(workshop: Workshop) -> None:
    seen: list[list[str]] = []

    def look(task: Things, tools: Toolbox) -> Told:
        seen.append(until(lambda: workshop.house.names(run)))
        return Told()

    workshop.add("look", look)
    run = workshop.begin({"step": "a", "agent": "look"})
    workshop.attempt(run, "a")
    assert seen == [["run.created", "step.started"]]


def test_a_join_is_counted_with_the_member_that_completes_it(workshop: Workshop) -> None:
    before = metrics.JOINS_COMPLETED._value.get()
    tree = {"chain": [foreach("f", step("m"), items="input.list"), {"group": [step("x"), step("y")]}]}
    run = workshop.begin(tree, {"list": [1, 2]})
    counts = []
    for place in ("m[0]", "m[1]", "x", "y"):
        assert workshop.attempt(run, place) == "succeeded"
        counts.append(metrics.JOINS_COMPLETED._value.get() - before)
    assert counts == [0, 1, 1, 2]
    assert workshop.house.state(run) == "succeeded"


def test_a_chain_on_one_queue_is_run_through_without_messages(workshop: Workshop) -> None:
    run = workshop.begin({"chain": [step("a"), step("b"), step("c")]})
    runner = replace(workshop.runner, inline=True)
    assert runner.try_step(run, "a", workshop.house.programs[run].digest) == "succeeded"
    assert workshop.house.states(run) == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}
    assert workshop.published.sent == []


def test_a_chain_goes_on_behind_a_step_that_was_skipped(workshop: Workshop) -> None:
    def broken(task: Things, tools: Toolbox) -> Told:
        raise Permanent("no")

    workshop.add("echo.broken", broken)
    run = workshop.begin({"chain": [step("a"), {"step": "b", "agent": "echo.broken", "on_error": "skip"}, step("c")]})
    runner = replace(workshop.runner, inline=True)
    assert runner.try_step(run, "a", workshop.house.programs[run].digest) == "succeeded"
    assert workshop.house.states(run) == {"a": "succeeded", "b": "skipped", "c": "succeeded"}
    assert workshop.published.sent == []


def test_a_worker_that_dies_with_a_kept_step_leaves_it_to_its_lease(workshop: Workshop) -> None:
    class Killed(BaseException):
        pass

    def dies(task: Things, tools: Toolbox) -> Told:
        raise Killed

    workshop.add("echo.dies", dies)
    run = workshop.begin({"chain": [step("a"), {"step": "b", "agent": "echo.dies"}]})
    with pytest.raises(Killed):
        replace(workshop.runner, inline=True).try_step(run, "a", workshop.house.programs[run].digest)
    assert workshop.house.states(run) == {"a": "succeeded", "b": "running"}
    workshop.house.overdue(run, "b")
    assert [hint.place for hint in workshop.house.database.reconciler.sweep().hints] == ["b"]


def test_of_a_fan_out_on_its_queue_a_worker_keeps_one_member_and_sends_the_others(workshop: Workshop) -> None:
    run = workshop.begin({"chain": [step("a"), {"group": [step("b"), step("c"), step("d")]}]})
    runner = replace(workshop.runner, inline=True)
    assert runner.try_step(run, "a", workshop.house.programs[run].digest) == "succeeded"
    assert [hint.place for hint, _ in workshop.published.sent] == ["c", "d"]
    assert workshop.house.states(run) == {"a": "succeeded", "b": "succeeded", "c": "ready", "d": "ready"}


def test_a_step_for_another_queue_is_left_to_that_queues_workers(workshop: Workshop) -> None:
    workshop.add("other", echo)
    run = workshop.begin({"chain": [step("a"), {"step": "b", "agent": "other"}]})
    runner = replace(workshop.runner, inline=True)
    assert runner.try_step(run, "a", workshop.house.programs[run].digest) == "succeeded"
    assert [hint.place for hint, _ in workshop.published.sent] == ["b"]


def test_a_step_that_ended_makes_room_for_the_next_of_its_tenant(workshop: Workshop) -> None:
    window = Window(workshop.house.database.driver, 30.0, 1, None)
    runner = replace(workshop.runner, gate=window)
    first, second = (workshop.house.begun({"chain": [step("a"), step("b")]}) for _ in range(2))
    assert (len(window.admit(first.hints)), window.admit(second.hints)) == (1, ())
    assert runner.try_step(first.run, "a", workshop.house.programs[first.run].digest) == "succeeded"
    # The one that waited longer goes first; this run's next step has its turn after it.
    assert [(hint.run, hint.place) for hint, _ in workshop.published.sent] == [(second.run, "a")]
    assert runner.try_step(second.run, "a", workshop.house.programs[second.run].digest) == "succeeded"
    assert [(hint.run, hint.place) for hint, _ in workshop.published.sent[1:]] == [(first.run, "b")]


def test_a_worker_that_is_to_stop_leaves_the_rest_of_a_chain_to_the_others(workshop: Workshop) -> None:
    run = workshop.begin({"chain": [step("a"), step("b")]})
    runner = replace(workshop.runner, inline=True)
    runner.stopping.ask()
    assert runner.try_step(run, "a", workshop.house.programs[run].digest) == "succeeded"
    assert workshop.house.states(run) == {"a": "succeeded", "b": "ready"}
    assert [hint.place for hint, _ in workshop.published.sent] == ["b"]


def test_a_step_that_takes_longer_than_its_worker_may_stay_is_given_to_another(tmp_path: Path) -> None:
    workshop, given_up = Workshop(tmp_path), threading.Event()

    async def wait(task: Things, tools: Toolbox) -> Told:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        return Told()

    stopping = Stopping()
    workshop.add("wait", wait)
    heartbeat = Heartbeat(workshop.house.database.ledger, None, stopping, 0.0)
    heartbeat._tick = 0.02
    runner = replace(workshop.runner, heartbeat=heartbeat, stopping=stopping)
    run = workshop.begin({"step": "a", "agent": "wait"})
    with ThreadPoolExecutor(1) as pool:
        became = pool.submit(runner.try_step, run, "a", workshop.house.programs[run].digest)
        until(lambda: workshop.house.states(run) == {"a": "running"})
        stopping.ask()
        assert became.result(PATIENCE) == "cancelled"
    assert given_up.wait(PATIENCE)
    assert workshop.house.states(run) == {"a": "ready"}
    assert [(hint.place, found) for hint, found in workshop.published.sent] == [("a", "ready")]
    heartbeat.close()
    workshop.close()


def test_what_the_broker_does_not_take_is_found_by_the_next_sweep(workshop: Workshop) -> None:
    workshop.published.takes = False
    run = workshop.begin({"chain": [step("a"), step("b")]})
    assert workshop.attempt(run, "a") == "succeeded"
    (hint,) = until(lambda: workshop.house.database.reconciler.sweep().hints)
    assert hint.place == "b"


def test_a_step_waits_for_a_tools_server_that_is_away_and_loses_none_of_its_tries(workshop: Workshop) -> None:
    workshop.add("asks", raising(OutOfReach("connection refused")), retry=Retry(attempts=2, delay=0))
    runner = replace(workshop.runner, patience=3.0)
    run = workshop.begin({"step": "a", "agent": "asks"})
    became = []
    while workshop.house.state(run) == "running":
        became.append(runner.try_step(run, "a", workshop.house.programs[run].digest))
        if workshop.house.states(run) == {"a": "waiting"}:
            workshop.house.overdue(run, "a")
            workshop.house.database.reconciler.sweep()
    # Half a second, one and two of patience; then the two tries that the step has.
    assert became == ["retrying"] * 3 + ["retrying", "failed"]
    assert workshop.error(run, "a") == {"code": "out-of-reach", "message": "connection refused"}


def test_an_agent_that_may_be_tried_once_only_is(workshop: Workshop) -> None:
    workshop.add("asks", raising(OutOfReach("connection refused")), retry=NEVER_AGAIN)
    run = workshop.begin({"step": "a", "agent": "asks"})
    assert replace(workshop.runner, patience=60.0).try_step(run, "a", workshop.house.programs[run].digest) == "failed"


@given(st.integers(0, 50), st.floats(0, 600))
def test_patience_with_a_server_that_is_away_ends(tries: int, patience: float) -> None:
    wait = back_in(tries, patience)
    assert wait is None or 0.25 <= wait <= 10
    assert (wait is None) == (sum(min(10.0, 0.5 * 2.0**number) for number in range(tries)) >= patience)


def test_a_line_that_is_logged_says_the_tenants_class_where_there_are_classes(workshop: Workshop, logs: list[Any]) -> None:
    workshop.add("broken", raising(Permanent("no")))
    for tenant in ("acme", "initech"):
        for classes in ({}, {"acme": "gold"}):
            workshop.runner = replace(workshop.runner, tenant_classes=classes)
            workshop.attempt(workshop.begin({"step": "a", "agent": "broken"}, tenant=tenant), "a")
    said = [line.get("tenant_class") for line in logs if line["event"] == "step.error"]
    assert said == [None, "gold", None, "other"]
