from __future__ import annotations

import pytest

from synapse.contracts.run import RunRequest, RunState
from synapse.contracts.waits import SignalRequest
from synapse.errors import Conflict, InvalidInput, NotFound
from tests.unit.workbench import QUESTION, Workbench
from tests.waiting import until

ECHO = RunRequest(workflow="echo", input={"text": "hello"})


def test_a_question_alone_is_a_research_run_with_the_defaults_filled_in(bench: Workbench) -> None:
    run = bench.finished(RunRequest(question=QUESTION))
    assert (run.workflow, run.state) == ("research", RunState.SUCCEEDED)
    limits = {"max_sources": 8, "max_followups": 4, "max_domains": 20, "max_bytes": 100_000_000, "max_subquestions": 4}
    assert run.input == {"question": QUESTION, "corpus": None, **limits}


def test_a_key_used_again_gives_the_same_run_and_for_another_request_a_conflict(bench: Workbench) -> None:
    first = bench.service.runs.submit(ECHO, idempotency_key="k")
    again = bench.service.runs.submit(ECHO, idempotency_key="k")
    assert (first.created, again.created, first.run.id) == (True, False, again.run.id)
    with pytest.raises(Conflict):
        bench.service.runs.submit(RunRequest(question=QUESTION), idempotency_key="k")


def test_input_that_does_not_fit_is_named_and_nothing_is_written(bench: Workbench) -> None:
    with pytest.raises(InvalidInput) as caught:
        bench.service.runs.submit(RunRequest(workflow="echo", input={}))
    assert caught.value.field is not None
    assert caught.value.field.startswith("input")
    assert bench.service.runs.list().runs == ()


@pytest.mark.parametrize("text", ["x" * 300_000, float("nan"), "\ud800"])
def test_input_that_no_database_would_take_is_refused(bench: Workbench, text: object) -> None:
    request = RunRequest.model_construct(workflow="echo", input={"text": text}, question=None, timeout_seconds=None)
    with pytest.raises(InvalidInput) as caught:
        bench.service.runs.submit(request)
    assert caught.value.field == "input"


def test_an_unknown_workflow_names_the_known_ones(bench: Workbench) -> None:
    with pytest.raises(NotFound) as caught:
        bench.service.runs.submit(RunRequest(workflow="none"))
    assert "research" in (caught.value.remedy or "")


def test_a_run_that_failed_is_resumed_from_its_last_good_steps(bench: Workbench) -> None:
    run = bench.finished(RunRequest(workflow="echo", input={"text": "x", "fail": True}))
    assert (run.state, run.error and run.error.message) == (RunState.FAILED, "told to fail")
    assert bench.service.runs.resume(run.id).state is RunState.RUNNING
    bench.work()
    assert bench.service.runs.state(run.id) is RunState.FAILED


def test_events_of_nobodys_run_are_not_an_empty_list(bench: Workbench) -> None:
    with pytest.raises(NotFound):
        bench.service.runs.events("nobody")


def test_a_run_is_taken_though_the_broker_is_away_and_found_by_the_next_sweep(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.pending, "hints", lambda hints, wait=True: 0)
    run = bench.service.runs.submit(ECHO).run
    (hint,) = until(lambda: bench.runtime.database.reconciler.sweep().hints)
    assert (hint.run, hint.place) == (run.id, "say")


def test_a_workflow_may_say_how_long_its_runs_have(bench: Workbench) -> None:
    bench.offer_asking()
    run = bench.service.runs.submit(RunRequest(workflow="asking")).run
    assert run.deadline is not None
    assert (run.deadline - run.created_at).total_seconds() == pytest.approx(90_000, abs=1)
    sooner = bench.service.runs.submit(RunRequest(workflow="asking", timeout_seconds=60)).run
    assert sooner.deadline is not None
    assert (sooner.deadline - sooner.created_at).total_seconds() == pytest.approx(60, abs=1)


@pytest.mark.parametrize("payload", [float("inf"), "\ud800", "x" * 300_000])
def test_a_payload_that_no_database_would_take_is_refused(bench: Workbench, payload: object) -> None:
    bench.offer_asking()
    run = bench.service.runs.submit(RunRequest(workflow="asking")).run
    with pytest.raises(InvalidInput) as caught:
        bench.service.runs.signal(run.id, "publish", SignalRequest.model_construct(payload=payload))
    assert caught.value.field == "payload"


def test_what_a_signal_lets_go_on_is_sent_by_who_sent_the_signal(bench: Workbench) -> None:
    bench.offer_asking()
    run = bench.service.runs.submit(RunRequest(workflow="asking")).run
    signalled = bench.service.runs.signal(run.id, "publish", SignalRequest(payload={"approved": False}))
    assert (signalled.created, signalled.signal.step, signalled.signal.by) == (True, "publish", "operator")
    assert [hint.place for hint in bench.pending.queue] == ["say"]
    bench.work()
    assert bench.service.runs.get(run.id).output == {"text": "false"}
