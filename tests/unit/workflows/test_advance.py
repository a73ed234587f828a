from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synapse.contracts.workflow import Workflow
from synapse.errors import Permanent
from synapse.workflows import advance
from synapse.workflows.advance import Arrive, Finish, Start, after, after_skip, decides, needs, opening
from synapse.workflows.definition import from_data
from synapse.workflows.program import Index, Program, build, place
from synapse.workflows.values import Rows
from tests.unit.workflows.reference import FAILED, Reference, Simulation
from tests.unit.workflows.strategies import Fate, workflows

SEEDS = st.integers(0, 10_000)


def program_of(tree: dict[str, Any]) -> Program:
    return build(from_data({"name": "w", "do": tree}))


def step(key: str, **more: Any) -> dict[str, Any]:
    return {"step": key, "agent": "echo", **more}


def opened(program: Program, run_input: dict[str, Any], rows: Rows | None = None) -> advance.Opening:
    return opening(program, program.root, (), rows or Rows(), run_input)


def places(made: advance.Opening) -> list[str]:
    return [place(new.node.key, new.index) for new in made.steps]


@settings(max_examples=250)
@given(workflow=workflows(), seed=SEEDS, order=SEEDS)
def test_any_tree_run_in_any_order_ends_once_with_the_value_that_its_reading_gives(workflow: Workflow, seed: int, order: int) -> None:
    program, fate = build(workflow), Fate(seed)
    simulation, reference = Simulation(program, fate, random.Random(order)), Reference(program, fate)
    expected = reference.result()
    assert simulation.run() == expected
    assert simulation.finished == (0 if expected == FAILED else 1)
    assert all(times == 1 for times in simulation.started.values())
    assert all(times == 1 for times in simulation.completed.values())
    if expected != FAILED:
        assert set(simulation.started) == reference.ran
        assert not any(simulation.pending.values())
        for (key, index), seen in simulation.seen.items():
            assert seen == reference.value(program.nodes[key], index), key


CHAIN_OF_TWO = {"chain": [step("a"), step("b")]}
MEMBERS = {"foreach": "f", "items": "input.items", "do": {"chain": [step("a", on_error="skip"), step("b")]}}


def test_a_step_of_a_chain_is_followed_by_the_next_and_the_last_one_ends_the_tree() -> None:
    program = program_of(CHAIN_OF_TWO)
    assert after(program.nodes["a"], ()) == Start(program.nodes["b"], ())
    assert after(program.nodes["b"], ()) == Finish()


def test_the_last_step_of_a_member_arrives_at_the_join_under_the_member_s_number() -> None:
    program = program_of(MEMBERS)
    assert after(program.nodes["a"], (4,)) == Start(program.nodes["b"], (4,))
    assert after(program.nodes["b"], (4,)) == Arrive(program.nodes["f"], (), 4)


def test_a_group_s_member_arrives_under_its_place_in_the_group() -> None:
    program = program_of({"foreach": "f", "items": "input.items", "do": {"group": [step("x"), CHAIN_OF_TWO], "id": "g"}})
    assert after(program.nodes["b"], (7,)) == Arrive(program.nodes["g"], (7,), 1)
    assert after(program.nodes["g"], (7,)) == Arrive(program.nodes["f"], (), 7)


def test_a_skipped_step_takes_its_whole_member_along_and_nothing_more() -> None:
    program = program_of(MEMBERS)
    assert after_skip(program.nodes["a"], (2,)) == Arrive(program.nodes["f"], (), 2)


def test_a_skipped_step_outside_any_fan_out_is_passed_over() -> None:
    program = program_of(CHAIN_OF_TWO)
    assert after_skip(program.nodes["a"], ()) == Start(program.nodes["b"], ())


def test_a_foreach_opens_its_members_side_by_side_with_one_join_for_all() -> None:
    made = opened(program_of(MEMBERS), {"items": ["x", "y", "z"]})
    assert places(made) == ["a[0]", "a[1]", "a[2]"]
    assert [(new.node.key, new.index, new.width, new.arrived) for new in made.joins] == [("f", (), 3, ())]
    assert not made.done


def test_a_list_that_is_empty_or_null_leaves_nothing_to_do() -> None:
    program = program_of(MEMBERS)
    for items in ({"items": []}, {}):
        made = opened(program, items)
        assert (made.steps, made.joins, made.done) == ([], [], True)


def test_what_follows_an_empty_foreach_is_opened_with_it() -> None:
    program = program_of({"chain": [MEMBERS, step("end")]})
    assert places(opened(program, {"items": []})) == ["end"]


def test_members_whose_when_does_not_hold_are_in_at_once() -> None:
    tree = {"foreach": "f", "items": "input.items", "do": {"when": "item", "then": step("a")}}
    made = opened(program_of(tree), {"items": [True, False, True, None]})
    assert places(made) == ["a[0]", "a[2]"]
    assert made.joins[0].arrived == (1, 3)


def test_a_fan_out_that_is_done_at_once_has_its_value_for_what_follows_in_the_same_opening() -> None:
    nothing = {"foreach": "f", "items": "input.items", "do": {"when": "`false`", "then": step("a")}}
    counted = {"when": "length(steps.f) == `2`", "then": step("both"), "otherwise": step("lost")}
    program = program_of({"chain": [nothing, counted]})
    assert places(opened(program, {"items": [1, 2]})) == ["both"]


def test_nested_foreachs_open_with_an_index_for_each_and_an_empty_inner_one_counts_as_arrived() -> None:
    tree = {"foreach": "f", "items": "input.items", "as": "row", "do": {"foreach": "g", "items": "row", "do": step("a")}}
    made = opened(program_of(tree), {"items": [[1, 2], [], [3]]})
    assert places(made) == ["a[0][0]", "a[0][1]", "a[2][0]"]
    joins: dict[tuple[str, Index], Any] = {(new.node.key, new.index): (new.width, new.arrived) for new in made.joins}
    assert joins == {("f", ()): (3, (1,)), ("g", (0,)): (2, ()), ("g", (2,)): (1, ())}


@pytest.mark.parametrize(("items", "said"), [("nine", "str, not a list"), ({"a": 1}, "dict, not a list"), (3, "int, not a list")])
def test_a_foreach_over_what_is_no_list_says_what_it_got(items: Any, said: str) -> None:
    with pytest.raises(Permanent, match=said):
        opened(program_of(MEMBERS), {"items": items})


def test_a_list_longer_than_the_foreach_allows_is_refused_with_both_numbers() -> None:
    with pytest.raises(Permanent, match=r"do\.items: 4 items; this foreach allows 3"):
        opened(program_of(MEMBERS | {"max": 3}), {"items": [1, 2, 3, 4]})


def test_too_few_items_for_min_success_are_refused_before_anything_starts() -> None:
    with pytest.raises(Permanent, match="1 items; 2 must succeed"):
        opened(program_of(MEMBERS | {"min_success": 2}), {"items": [1]})


def test_an_opening_of_too_many_steps_stops_counting_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advance, "MAX_STEPS_AT_ONCE", 5)
    tree = {"foreach": "f", "items": "input.items", "as": "row", "do": {"foreach": "g", "items": "input.items", "do": step("a")}}
    made = Rows()
    with pytest.raises(Permanent, match="more than 5 steps"):
        opened(program_of(tree), {"items": [1, 2, 3, 4]}, made)
    assert ("f", (3,)) not in made.members


def test_only_a_head_that_looks_at_values_decides() -> None:
    program = program_of(
        {"chain": [step("a"), {"group": [step("b"), {"when": "prev", "then": step("c")}], "id": "g"}, MEMBERS | {"do": step("d")}]}
    )
    assert not decides(program.root)
    assert decides(program.nodes["g"])
    assert decides(program.nodes["f"])
    assert not decides(program.nodes["d"])


def test_an_opening_needs_the_rows_of_every_head_that_it_may_reach_and_of_no_other() -> None:
    tree = {
        "chain": [
            step("plan"),
            {"when": "steps.plan.deep", "then": step("a")},
            {"foreach": "f", "items": "prev.items", "do": step("b")},
            step("c"),
            {"foreach": "g", "items": "steps.c.items", "do": step("d")},
        ]
    }
    program = program_of(tree)
    assert {fetch.node for fetch in needs(program, program.root.children[1], ())} == {"plan"}
    assert {fetch.node for fetch in needs(program, program.root, ())} == set()
    chain = program_of({"chain": [step("plan"), {"chain": tree["chain"][1:]}]})
    assert {fetch.node for fetch in needs(chain, chain.root.children[1], ())} == {"plan", "a"}


def test_items_that_an_opening_itself_makes_are_not_asked_of_the_database() -> None:
    inner = {"foreach": "g", "items": "row", "do": {"when": "cell", "then": step("a")}, "as": "cell"}
    program = program_of({"chain": [step("plan"), {"foreach": "f", "items": "steps.plan.rows", "as": "row", "do": inner}]})
    assert {(fetch.what, fetch.node) for fetch in needs(program, program.nodes["f"], ())} == {("steps", "plan")}
    assert {(fetch.what, fetch.node) for fetch in needs(program, program.nodes["g"], (1,))} == {("items", "f")}
