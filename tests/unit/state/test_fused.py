"""What can be told without a server: what a completion foresees. That it is right is shown by tests/integration/state."""

from __future__ import annotations

from typing import Any

import pytest

from synapse.errors import Permanent
from synapse.state.fused import _foresee, opening_parameters
from synapse.state.records import Attempt
from synapse.workflows.advance import NewJoin, NewStep, Opening
from synapse.workflows.program import Program
from synapse.workflows.values import Rows
from tests.unit.state.house import foreach, program_of, step


def attempt_of(program: Program, key: str, index: tuple[int, ...] = (), output: dict[str, Any] | None = None) -> Attempt:
    rows = Rows()
    rows.steps[key, index] = ("succeeded", output or {}, None)
    return Attempt("r", program.nodes[key], index, 1, 0, {}, None, rows)


def test_the_next_step_of_a_chain_the_end_and_a_fan_out_over_the_own_output_are_foreseen() -> None:
    program = program_of({"chain": [step("a"), step("b"), foreach("f", step("m"), items="steps.b.items"), step("c")]})
    found = _foresee(program, attempt_of(program, "a"))
    assert found is not None
    assert [new.node.key for new in found[1].steps] == ["b"]
    found = _foresee(program, attempt_of(program, "b", output={"items": [1, 2]}))
    assert found is not None
    assert [new.index for new in found[1].steps] == [(0,), (1,)]
    found = _foresee(program, attempt_of(program, "c"))
    assert found == (None, Opening(), True)


def test_a_member_whose_body_is_plain_is_foreseen_with_its_join() -> None:
    program = program_of({"chain": [foreach("f", step("m")), step("body")]})
    found = _foresee(program, attempt_of(program, "m", (3,)))
    assert found is not None
    assert found[0] is not None
    assert (found[0].join.key, found[0].member, [new.node.key for new in found[1].steps]) == ("f", 3, ["body"])


@pytest.mark.parametrize(
    ("tree", "key"),
    [
        ({"chain": [foreach("f", step("m"), min_success=1), step("b")]}, "m"),
        ({"chain": [foreach("f", step("m")), foreach("g", step("n"), items="steps.f")]}, "m"),
        (foreach("f", step("m")), "m"),
        ({"group": [{"group": [step("m"), step("n")]}, step("o")]}, "m"),
        ({"chain": [step("a"), step("m"), {"when": "steps.a.x", "then": step("b")}]}, "m"),
        ({"chain": [step("m"), {"when": "prev.x", "then": step("b")}]}, "m"),
    ],
)
def test_what_hangs_on_values_of_others_is_left_to_the_transaction(tree: dict[str, Any], key: str) -> None:
    program = program_of(tree)
    node = program.nodes[key]
    assert _foresee(program, attempt_of(program, key, (0,) * node.depth)) is None


def test_what_cannot_be_started_is_known_before_anything_is_sent() -> None:
    program = program_of({"chain": [step("a"), foreach("f", step("m"), items="prev.items", max=1)]})
    with pytest.raises(Permanent):
        _foresee(program, attempt_of(program, "a", output={"items": [1, 2]}))


def test_an_opening_becomes_one_array_for_each_column() -> None:
    program = program_of(foreach("f", step("m")))
    made = Opening([NewStep(program.nodes["m"], (0,)), NewStep(program.nodes["m"], (1,))], [NewJoin(program.nodes["f"], (), 2, [7, 8], ())])
    assert opening_parameters(made) == {
        "new_join_nodes": ["f"],
        "new_join_idxs": [""],
        "new_join_widths": [2],
        "new_join_pending": [2],
        "new_join_items": ["[7,8]"],
        "new_nodes": ["m", "m"],
        "new_idxs": ["00000", "00001"],
        "new_agents": ["echo", "echo"],
    }
