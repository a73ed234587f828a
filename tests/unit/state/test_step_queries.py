"""Steps read back, asked of a database; tests/integration/state asks both of them."""

from __future__ import annotations

import pytest

from synapse.contracts.principal import DEFAULT_TENANT
from synapse.contracts.run import StepState
from synapse.errors import InvalidInput, NotFound
from tests.unit.state.house import House, foreach, step

TREE = {
    "chain": [
        step("plan", **{"with": {"text": "input.text"}}),
        foreach("f", step("m", **{"with": {"one": "f_item", "all": "steps.plan"}}), items="input.items"),
    ]
}


@pytest.fixture
def run(house: House) -> str:
    made = house.begin(TREE, {"text": "hello", "items": list(range(12))})
    house.do(made, "plan", output={"big": "x" * 100_000})
    house.do(made, "m[0]")
    house.fail(house.take(made, "m[1]"), retry_in=60)
    return made


def test_steps_are_listed_by_their_place_page_by_page_without_their_outputs(house: House, run: str) -> None:
    held = house.database.of(DEFAULT_TENANT)
    found, cursor = [], None
    while True:
        page = held.steps(run, limit=5, cursor=cursor)
        found += [each.path for each in page.steps]
        cursor = page.next
        if cursor is None:
            break
    assert found == [f"m[{number}]" for number in range(12)] + ["plan"]
    assert "output" not in held.steps(run).model_dump_json()


def test_steps_are_filtered_by_state_and_agent(house: House, run: str) -> None:
    held = house.database.of(DEFAULT_TENANT)
    assert [each.path for each in held.steps(run, state=StepState.WAITING).steps] == ["m[1]"]
    assert [each.path for each in held.steps(run, state=StepState.SUCCEEDED, agent="echo").steps] == ["m[0]", "plan"]
    assert held.steps(run, agent="other").steps == ()


def test_a_step_is_shown_with_what_it_was_given_and_gave_a_large_output_too(house: House, run: str) -> None:
    held = house.database.of(DEFAULT_TENANT)
    plan, member, waiting = (held.step(run, at) for at in ("plan", "m[0]", "m[1]"))
    assert (plan.input, plan.output) == ({"text": "hello"}, {"big": "x" * 100_000})
    assert (member.input, member.output) == ({"one": 0, "all": {"big": "x" * 100_000}}, {"at": "m[0]"})
    assert waiting.input is not None
    assert (waiting.input["one"], waiting.output, waiting.failures) == (1, None, 1)
    assert [(each.number, each.outcome.value) for each in waiting.attempts] == [(1, "failed")]
    assert member.attempts[0].worker == "w"
    assert (member.waited_seconds or 0) >= 0
    assert (member.ran_seconds or 0) >= 0


@pytest.mark.parametrize("place", ["m[99]", "none", "m", "m[x]", "plan[0]", "m[0]\0", "", "📎"])
def test_a_place_where_no_step_is_is_not_found(house: House, run: str, place: str) -> None:
    with pytest.raises(NotFound, match="has no step"):
        house.database.of(DEFAULT_TENANT).step(run, place)


def test_a_cursor_that_is_no_place_is_refused(house: House, run: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        house.database.of(DEFAULT_TENANT).steps(run, cursor="??")
    assert caught.value.field == "cursor"


def test_what_waits_without_a_worker_is_a_step_that_waits_and_has_no_agent(house: House) -> None:
    run = house.begin({"group": [{"wait_for": "paid"}, {"timer": "t", "seconds": 60}]})
    house.signal(run, "paid", 5)
    held = house.database.of(DEFAULT_TENANT)
    assert [each.path for each in held.steps(run, state=StepState.WAITING).steps] == ["t"]
    paid, timer = held.step(run, "paid"), held.step(run, "t")
    assert (paid.agent, paid.state, paid.input, paid.output["payload"]) == (None, StepState.SUCCEEDED, None, 5)
    assert [(each.number, each.outcome.value, each.worker) for each in paid.attempts] == [(1, "succeeded", None)]
    assert [each.outcome.value for each in timer.attempts] == ["running"]
