from __future__ import annotations

import pytest

from synapse.errors import StepTimeout
from synapse.state.ledger import failure_of, hints_of
from synapse.state.records import Note
from synapse.workflows.advance import NewStep
from synapse.workflows.values import Fetch
from tests.unit.state.house import House, foreach, program_of, step
from tests.waiting import until


def test_the_number_of_the_try_is_the_fence(house: House) -> None:
    run = house.begin(step("a"))
    late = house.take(run, "a")
    house.overdue(run, "a")
    attempt = house.take(run, "a")
    assert not house.complete(late).recorded
    assert house.complete(attempt).recorded
    assert not house.complete(attempt).recorded


def test_a_member_that_is_already_in_changes_nothing_at_the_join(house: House) -> None:
    run = house.begin({"chain": [foreach("f", step("m")), step("end")]}, {"items": [1, 2]})
    house.do(run, "m[0]")
    # As if the first result had never been seen: the set of arrivals still knows its member.
    house.sql("UPDATE step SET state = 'ready' WHERE node = 'm' AND idx = '00000'")
    assert house.do(run, "m[0]").hints == ()
    assert house.sql("SELECT pending, succeeded FROM fan_out") == [(1, 1)]
    assert [hint.place for hint in house.do(run, "m[1]").hints] == ["end"]


def test_a_claim_costs_the_run_one_event_and_a_refused_one_none(house: House) -> None:
    run = house.begin(step("a"))
    house.take(run, "a")
    assert house.claim(run, "a") is None
    assert house.names(run) == ["run.created", "step.started"]


def test_a_note_of_a_step_is_written_while_the_attempt_holds_it(house: House) -> None:
    run = house.begin(step("a"))
    attempt = house.take(run, "a")
    assert house.database.ledger.note(attempt, Note("log_broadcast", "step.progress"))
    house.complete(attempt)
    assert not house.database.ledger.note(attempt, Note("log_broadcast", "step.progress"))
    assert house.names(run).count("step.progress") == 1


def test_a_renewed_lease_reaches_further_than_before(house: House) -> None:
    run = house.begin(step("a"))
    attempt = house.take(run, "a")
    house.sql("UPDATE step SET due = {in:soon}", soon=1.0)
    before = house.column(run, "a", "due")
    assert house.database.ledger.beat([attempt], renew=False) == []
    assert house.column(run, "a", "due") == before
    assert house.database.ledger.beat([attempt], renew=True) == []
    assert house.column(run, "a", "due") > before


@pytest.mark.parametrize(("error", "code"), [(StepTimeout("slow"), "timeout"), (KeyError("x"), "internal")])
def test_a_failure_keeps_the_code_of_its_error_and_a_stranger_its_type(error: Exception, code: str) -> None:
    failure = failure_of(error)
    assert failure.code == code
    assert failure.message in ("slow", "KeyError: 'x'")
    assert len(failure_of(ValueError("x" * 5000)).message) == 2000


def test_a_hint_names_the_place_the_agent_and_the_definition() -> None:
    program = program_of(foreach("f", step("m")))
    (hint,) = hints_of(program, "r", [NewStep(program.nodes["m"], (3,))], "trace", 7)
    assert (hint.run, hint.place, hint.agent, hint.digest, hint.traceparent) == ("r", "m[3]", "echo", program.digest, "trace")
    assert hint.priority == 7


def test_a_step_that_is_handed_back_is_ready_for_another_and_neither_lost_nor_failed(house: House) -> None:
    run = house.begin(step("a"), traceparent="trace")
    attempt = house.take(run, "a")
    (hint,) = house.database.ledger.hand_back(house.programs[run], attempt)
    assert (hint.run, hint.place, hint.agent, hint.traceparent) == (run, "a", "echo", "trace")
    assert [house.column(run, "a", name) for name in ("state", "lost", "failures")] == ["ready", 0, 0]
    assert not house.complete(attempt).recorded, "whoever handed it back holds it no more"
    assert house.database.ledger.hand_back(house.programs[run], attempt) == ()
    house.do(run, "a")
    assert house.names(run) == ["run.created", "step.started", "step.lost", "step.started", "step.succeeded", "run.succeeded"]


def test_nothing_of_a_run_that_has_ended_is_handed_back(house: House) -> None:
    run = house.begin(step("a"))
    attempt = house.take(run, "a")
    house.database.lifecycle.cancel(run, "enough")
    assert house.database.ledger.hand_back(house.programs[run], attempt) == ()


def test_hints_that_the_broker_did_not_take_are_found_by_the_next_sweep(house: House) -> None:
    begun = house.begun(step("a"))
    assert house.database.reconciler.sweep().hints == ()
    house.database.ledger.unsent(begun.hints)
    (hint,) = until(lambda: house.database.reconciler.sweep().hints)
    house.database.ledger.unsent([hint])
    assert house.column(begun.run, "a", "hints") == 0, "an outage does not make it more patient"
    assert until(lambda: house.database.reconciler.sweep().hints) == (hint,)


def test_a_step_that_was_taken_meanwhile_keeps_its_lease(house: House) -> None:
    begun = house.begun(step("a"))
    house.take(begun.run, "a")
    due = house.column(begun.run, "a", "due")
    house.database.ledger.unsent(begun.hints)
    assert house.column(begun.run, "a", "due") == due


def test_a_failure_that_does_not_count_leaves_all_tries(house: House) -> None:
    run = house.begin(step("a"))
    assert house.fail(house.take(run, "a"), retry_in=0.0, counted=False).recorded
    assert [house.column(run, "a", name) for name in ("state", "failures")] == ["waiting", 0]


def test_steps_that_have_ended_are_told_with_their_attempt_and_no_more_than_asked_for(house: House) -> None:
    run = house.begin({"chain": [foreach("f", step("m")), step("end")]}, {"items": [1, 2, 3, 4]})
    house.take(run, "m[0]")  # still at it
    house.take(run, "m[2]")
    house.overdue(run, "m[2]")
    for at in ("m[1]", "m[2]", "m[3]"):
        house.do(run, at)
    every = [Fetch("steps", "m", "0", ":"), Fetch("steps", "end", "", "")]
    assert house.database.ledger.ended(run, every, 10) == [("m[1]", 1), ("m[2]", 2), ("m[3]", 1)]
    assert house.database.ledger.ended(run, every, 2) == [("m[1]", 1), ("m[2]", 2)]
