from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synapse.contracts.workflow import Workflow
from synapse.errors import InvalidInput, InvalidWorkflow
from synapse.workflows.definition import from_data
from synapse.workflows.program import build, decode_index, digest_of, encode_index, parse_place, place
from tests.unit.workflows.strategies import workflows

INDEXES = st.lists(st.integers(0, 99_999), max_size=4).map(tuple)
STEP = {"step": "a", "agent": "echo"}


@settings(max_examples=150)
@given(workflows())
def test_every_node_has_a_key_of_its_own_and_knows_its_place_in_the_tree(workflow: Workflow) -> None:
    program = build(workflow)
    walked = list(program.root.walk())
    assert {id(node) for node in walked} == {id(node) for node in program.nodes.values()}
    assert len({node.at for node in walked}) == len(walked)
    for node in walked:
        assert program.nodes[node.key] is node
        assert node.depth == len(node.enclosing_foreachs())
        assert all(child.parent is node and child.slot == slot for slot, child in enumerate(node.children))


def test_two_nodes_with_one_id_are_refused_with_both_places() -> None:
    with pytest.raises(InvalidWorkflow, match=r"do\.chain\[1\].*'a' is already the id of do\.chain\[0\]"):
        build(from_data({"name": "w", "do": {"chain": [STEP, STEP]}}))
    with pytest.raises(InvalidWorkflow, match="already the id"):
        build(from_data({"name": "w", "do": {"foreach": "a", "items": "input.x", "do": STEP}}))


def test_a_chord_is_a_chain_of_its_fan_out_and_its_body() -> None:
    chord = {"chord": {"group": [STEP], "id": "g"}, "body": {"step": "b", "agent": "echo"}}
    root = build(from_data({"name": "w", "do": chord})).root
    assert (root.kind, [child.key for child in root.children]) == ("chain", ["g", "b"])


def test_the_nearest_fan_out_is_found_through_chains_and_whens() -> None:
    inner = {"when": "input.x", "then": {"chain": [STEP, {"step": "b", "agent": "echo"}]}}
    program = build(from_data({"name": "w", "do": {"group": [{"step": "c", "agent": "echo"}, inner], "id": "g"}}))
    assert program.nodes["b"].fan_out() == (program.nodes["g"], 1)
    assert program.nodes["g"].fan_out() is None


def test_a_digest_is_that_of_the_meaning_not_of_the_writing() -> None:
    plain = from_data({"name": "w", "do": STEP})
    assert digest_of(plain) == digest_of(from_data({"do": {**STEP, "on_error": "fail"}, "version": 1, "name": "w"}))
    assert digest_of(plain) != digest_of(from_data({"name": "w", "do": {**STEP, "on_error": "skip"}}))


def test_a_step_is_found_with_the_queue_of_its_agent_s_module() -> None:
    program = build(from_data({"name": "w", "do": {"step": "a", "agent": "fact_check.deep"}}))
    assert (program.step("a").agent, program.queue("a")) == ("fact_check.deep", "synapse-fact-check")
    with pytest.raises(InvalidInput, match="no step 'b'"):
        program.step("b")


@given(INDEXES)
def test_an_index_is_read_back_as_it_was_written(index: tuple[int, ...]) -> None:
    assert decode_index(encode_index(index)) == index
    assert parse_place(place("read", index)) == ("read", index)


@given(INDEXES, INDEXES)
def test_index_texts_sort_as_their_numbers_do(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    assert (encode_index(one) < encode_index(other)) == (one < other)


@pytest.mark.parametrize(
    "text", ["", "read[2]\n", "read[-1]", "read[2", "2read", "read[x]", "read[123456]", "read[\u0663]", "group:3", "a.b"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a step's place"):
        parse_place(text)
