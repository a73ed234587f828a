from __future__ import annotations

import pytest

from synapse.errors import StepTimeout
from synapse.state.ledger import failure_of, hints_of
from synapse.state.records import Note
from synapse.workflows.advance import NewStep
from tests.unit.state.house import House, foreach, program_of, step


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
