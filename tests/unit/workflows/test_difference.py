from __future__ import annotations

from typing import Any

from hypothesis import given

from synapse.contracts.workflow import Workflow
from synapse.workflows.definition import from_data
from synapse.workflows.difference import changes, text
from tests.unit.workflows.strategies import workflows


def flow(*nodes: dict[str, Any], version: int = 1, **more: Any) -> Workflow:
    return from_data({"name": "w", "version": version, "do": {"chain": list(nodes)}, **more})


def step(key: str, **inputs: Any) -> dict[str, Any]:
    return {"step": key, "agent": "echo", "with": inputs}


def told(before: Workflow, after: Workflow) -> list[tuple[str, str]]:
    return [(change.kind.value, change.path) for change in changes(before, after)]


def test_a_node_that_is_put_in_moves_the_others_and_changes_none_of_them() -> None:
    before, after = flow(step("a"), step("c", x=1)), flow(step("a"), step("b"), step("c", x=1))
    assert told(before, after) == [("added", "do.chain[1]")]
    assert told(after, before) == [("removed", "do.chain[1]")]


def test_what_differs_inside_is_named_by_its_own_path() -> None:
    before = flow(step("a", x=1, y=2), {"foreach": "f", "items": "input.items", "do": step("m", n=1)})
    after = flow(step("z"), step("a", x=1, y=3, z=4), {"foreach": "f", "items": "input.items", "do": step("m", n=2), "max": 7})
    assert told(before, after) == [
        ("added", "do.chain[0]"),
        ("changed", "do.chain[1].with.y"),
        ("added", "do.chain[1].with.z"),
        ("changed", "do.chain[2].do.with.n"),
        ("added", "do.chain[2].max"),
    ]
    change = changes(before, after)[1]
    assert (change.before, change.after) == (2, 3)


def test_a_step_in_the_place_of_another_has_become_it() -> None:
    assert told(flow(step("a", x=1)), flow(step("b", x=1))) == [("changed", "do.chain[0].step")]
    assert told(flow(step("a")), flow({"group": [step("a")]})) == [("removed", "do.chain[0]"), ("added", "do.chain[0]")]


def test_true_is_not_one_and_the_text_is_a_diff_that_names_both() -> None:
    before, after = flow(step("a", x=1)), flow(step("a", x=True), version=2)
    assert ("changed", "do.chain[0].with.x") in told(before, after)
    assert text(before, after).startswith("--- w@1\n+++ w@2\n")
    assert "+      x: true\n" in text(before, after)


@given(workflows(), workflows())
def test_only_what_is_the_same_has_no_difference(one: Workflow, other: Workflow) -> None:
    assert changes(one, one) == ()
    assert text(one, one) == ""
    assert bool(changes(one, other)) == (one != other)
