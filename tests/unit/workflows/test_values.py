from __future__ import annotations

from typing import Any

from synapse.workflows.definition import from_data
from synapse.workflows.program import Index, Program, build
from synapse.workflows.values import (
    MISSING,
    Fetch,
    Rows,
    document,
    expressions_of,
    fetches,
    joined,
    previous,
    skipped,
    value,
    value_fetches,
)


def program_of(tree: dict[str, Any]) -> Program:
    return build(from_data({"name": "w", "do": tree}))


def step(key: str, **more: Any) -> dict[str, Any]:
    return {"step": key, "agent": "echo", **more}


def rows(done: dict[tuple[str, Index], Any], dropped: dict[tuple[str, Index], Any] | None = None) -> Rows:
    made = Rows()
    for key, output in done.items():
        made.steps[key] = ("succeeded", output, None)
    for key, error in (dropped or {}).items():
        made.steps[key] = ("skipped", None, error)
    return made


FOREACH = {"foreach": "f", "items": "input.items", "do": {"chain": [step("m", on_error="skip"), step("n")]}}
NESTED = {"foreach": "f", "items": "input.rows", "as": "row", "do": {"foreach": "g", "items": "row", "do": step("m", on_error="skip")}}


def test_a_step_is_worth_its_output_and_nothing_when_it_was_skipped_or_never_ran() -> None:
    node = program_of(step("a")).root
    assert value(node, (), rows({("a", ()): {"x": 1}})) == {"x": 1}
    assert value(node, (), rows({}, {("a", ()): {}})) is MISSING
    assert value(node, (), Rows()) is MISSING


def test_a_foreach_is_worth_its_members_in_order_without_those_that_were_dropped() -> None:
    done = rows({("m", (0,)): 0, ("n", (2,)): 2, ("n", (0,)): 0, ("n", (10,)): 10}, {("m", (1,)): {}})
    assert value(program_of(FOREACH).root, (), done) == [0, 2, 10]


def test_a_group_keeps_the_place_of_a_member_that_was_dropped() -> None:
    assert value(program_of({"group": [step("a"), step("b")]}).root, (), rows({("b", ()): 2}, {("a", ()): {}})) == [None, 2]


def test_a_member_of_a_group_that_was_dropped_before_its_fan_out_is_null_and_not_an_empty_list() -> None:
    tree = {"group": [{"chain": [step("a", on_error="skip"), FOREACH]}, step("b")], "id": "g"}
    dropped = rows({("b", ()): 2}, {("a", ()): {}})
    dropped.arrivals["g", ()] = {0: False, 1: True}
    program = program_of(tree)
    assert value(program.root, (), dropped) == [None, 2]
    assert ("arrivals", "g") in {(fetch.what, fetch.node) for fetch in value_fetches(program.root, ())}


def test_a_when_is_worth_what_its_branch_gave_even_if_that_is_an_empty_list() -> None:
    tree = {"when": "input.x", "then": {"group": [step("a"), step("b")], "id": "g"}, "otherwise": step("c")}
    node = program_of(tree).root
    assert value(node, (), rows({("c", ()): 3})) == 3
    dropped = rows({}, {("a", ()): {}, ("b", ()): {}})
    dropped.arrivals["g", ()] = {0: False, 1: False}
    assert value(node, (), dropped) == [None, None]
    assert value(node, (), Rows()) is None


def test_whether_a_fan_out_in_a_branch_ran_is_asked_of_its_arrivals() -> None:
    tree = {"when": "input.x", "then": FOREACH}
    program = program_of(tree)
    assert {(fetch.what, fetch.node) for fetch in value_fetches(program.root, ())} == {("steps", "n"), ("arrivals", "f")}
    all_dropped = rows({}, {("m", (0,)): {}})
    all_dropped.arrivals["f", ()] = {0: False}
    assert value(program.root, (), all_dropped) == []


def test_rows_are_asked_for_by_the_range_below_an_index() -> None:
    program = program_of({"chain": [NESTED, step("end", **{"with": {"all": "steps.f", "lost": "skipped.g"}})]})
    assert list(value_fetches(program.nodes["g"], (3,))) == [Fetch("steps", "m", "00003.", "00003/")]
    assert set(value_fetches(program.nodes["f"], ())) == {
        Fetch("steps", "m", "0", ":"),
        Fetch("arrivals", "f", "", ""),
        Fetch("arrivals", "g", "0", ":"),
    }
    assert list(value_fetches(program.nodes["m"], (3, 1))) == [Fetch("steps", "m", "00003.00001", "00003.00001")]


def test_an_item_is_fetched_by_itself_and_not_with_its_whole_list() -> None:
    tree = {"foreach": "f", "items": "input.rows", "as": "row", "do": step("m", **{"with": {"x": "row.x", "i": "index"}})}
    program = program_of(tree)
    assert fetches(program, program.nodes["m"], (7,)) == [Fetch("items", "f", "", "", 7)]


def test_only_a_fan_out_s_own_members_are_told_of_as_skipped_from_it() -> None:
    program = program_of(NESTED)
    dropped = rows({("m", (0, 0)): 1}, {("m", (0, 1)): {"code": "permanent"}})
    assert skipped(program.nodes["f"], (), dropped) == []
    dropped.items["g", (0,)] = ["x", "y"]
    assert skipped(program.nodes["g"], (0,), dropped) == [{"index": 1, "step": "m[0][1]", "error": {"code": "permanent"}, "item": "y"}]


def test_a_group_s_skipped_members_are_told_by_their_place_in_it() -> None:
    program = program_of({"group": [step("a"), {"chain": [step("b"), step("c")]}], "id": "g"})
    found = skipped(program.nodes["g"], (), rows({("a", ()): 1, ("b", ()): 1}, {("c", ()): {"code": "x"}}))
    assert found == [{"index": 1, "step": "c", "error": {"code": "x"}, "item": None}]


def test_prev_is_what_came_before_the_outermost_container_that_starts_here() -> None:
    program = program_of(
        {"chain": [step("a"), {"foreach": "f", "items": "prev.items", "do": {"group": [step("b"), {"chain": [step("c"), step("d")]}]}}]}
    )
    assert previous(program.nodes["a"]) is None
    assert previous(program.nodes["b"]) is program.nodes["a"]
    assert previous(program.nodes["d"]) is program.nodes["c"]


def test_the_document_has_what_the_expressions_name_and_no_more() -> None:
    tree = {
        "chain": [
            step("a"),
            step("b"),
            {"foreach": "f", "items": "steps.a.items", "as": "x", "do": step("m", **{"with": {"v": "x", "p": "steps.b.y", "n": 5}})},
        ]
    }
    program = program_of(tree)
    node = program.nodes["m"]
    seen = rows({("a", ()): {"items": [1]}, ("b", ()): {"y": 2}})
    seen.members["f", (4,)] = "four"
    assert document(program, node, (4,), seen, {"q": 1}) == {
        "input": {"q": 1},
        "steps": {"b": {"y": 2}},
        "skipped": {},
        "x": "four",
        "index": 4,
    }
    assert expressions_of(node) == ["x", "steps.b.y"]


def test_what_never_ran_is_null_in_a_document() -> None:
    tree = {"chain": [{"when": "input.deep", "then": step("a")}, step("b", **{"with": {"x": "steps.a", "y": "prev"}})]}
    program = program_of(tree)
    assert document(program, program.nodes["b"], (), Rows(), {})["steps"] == {"a": None}
    assert document(program, program.nodes["b"], (), Rows(), {})["prev"] is None


def test_what_follows_a_fan_out_follows_from_the_last_steps_of_its_members() -> None:
    program = program_of({"chain": [step("a"), FOREACH, {"chain": [step("b"), step("c")]}]})
    assert joined(program.nodes["b"], ()) == [Fetch("steps", "n", "0", ":")]
    assert [joined(program.nodes[key], index) for key, index in (("a", ()), ("m", (0,)), ("n", (0,)), ("c", ()))] == [[]] * 4
