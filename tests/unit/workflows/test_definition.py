from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings

from synapse.contracts.workflow import Step, Workflow
from synapse.errors import InvalidWorkflow
from synapse.workflows.definition import builtin, builtins, from_data, parse, to_data, to_yaml
from synapse.workflows.program import digest_of
from tests.unit.workflows.shipped import shipped
from tests.unit.workflows.strategies import workflows


@settings(max_examples=100)
@given(workflows())
def test_a_definition_written_as_yaml_or_data_is_read_back_the_same(workflow: Workflow) -> None:
    read = parse(to_yaml(workflow))
    assert read == workflow
    assert from_data(to_data(workflow)) == workflow
    assert digest_of(read) == digest_of(workflow)


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ("{step: a, agnt: b}", "do.agent"),
        ("{step: a, agent: b, wiht: {}}", "do.wiht"),
        ("{step: 'a b', agent: b}", "do.step"),
        ("{step: a, agent: b, retry: {attemps: 3}}", "do.retry.attemps"),
        ("{step: a, agent: b, retry: {attempts: 0}}", "do.retry.attempts"),
        ("{step: a, agent: b, on_error: ignore}", "do.on_error"),
        ("{nothing: 1}", "do"),
        ("{chain: []}", "do.chain"),
        ("{chain: [{step: a, agent: b}, {step: c}]}", "do.chain[1].agent"),
        ("{group: [{chain: [{step: a, agent: b, x: 1}]}]}", "do.group[0].chain[0].x"),
        ("{foreach: f, itmes: x, do: {step: a, agent: b}}", "do.items"),
        ("{foreach: f, items: x, max: 0, do: {step: a, agent: b}}", "do.max"),
        ("{foreach: f, items: x, do: {when: y, then: {step: a}}}", "do.do.then.agent"),
        ("{when: x, then: {step: a, agent: b}, else: {step: c, agent: b}}", "do.else"),
        ("{chord: {foreach: f, itmes: x, do: {step: a, agent: b}}, body: {step: c, agent: b}}", "do.chord.items"),
        ("{chord: {group: [{step: a}]}, body: {step: c, agent: b}}", "do.chord.group[0].agent"),
        ("{chord: {step: a, agent: b}, body: {step: c, agent: b}}", "do.chord"),
        ("{chord: {group: [{step: a, agent: b}]}, body: {step: c, agnt: b}}", "do.body.agent"),
        ("{step: a, agent: b, with: {x: .nan}}", "do.with.x"),
        ('{step: a, agent: b, with: {x: [1, "\\ud800"]}}', "do.with.x[1]"),
    ],
)
def test_a_fault_is_named_by_its_path_in_the_text(tree: str, path: str) -> None:
    with pytest.raises(InvalidWorkflow) as caught:
        parse(f"name: w\ndo: {tree}")
    assert caught.value.field == path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: w\ndo: {chain: [&a {step: a, agent: b}, *a]}", "aliases are not allowed"),
        ("name: w\nname: v\ndo: {step: a, agent: b}", "'name' is there twice"),
        ("name: w\ndo: {step: a, agent: !!python/object:os.system x}", "not YAML or JSON"),
        ("name: [", "not YAML or JSON"),
        ("x" * 1_000_001, "at most 1000000"),
        ("[" * 50_000, "not YAML or JSON"),
        ("just words", "valid dictionary"),
    ],
)
def test_a_text_that_is_no_definition_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InvalidWorkflow, match=said):
        parse(text)


@pytest.mark.parametrize("levels", [60, 300, 3000])
def test_a_tree_nested_deeper_than_any_use_is_refused_before_anything_recurses_into_it(levels: int) -> None:
    tree: dict[str, Any] = {"step": "a", "agent": "b"}
    for _ in range(levels):
        tree = {"chain": [tree]}
    with pytest.raises(InvalidWorkflow, match="nested too deeply"):
        from_data({"name": "w", "do": tree})


def test_on_is_a_key_and_yes_is_a_word() -> None:
    step = parse("name: w\ndo: {step: a, agent: b, retry: {on: [timeout]}, with: {x: yes, y: true, z: off}}").do
    assert isinstance(step, Step)
    assert step.retry is not None
    assert (step.retry.on, step.inputs) == (("timeout",), {"x": "yes", "y": True, "z": "off"})


def test_json_is_read_as_well() -> None:
    assert parse('{"name": "w", "do": {"step": "a", "agent": "b"}}').name == "w"


def test_the_workflows_that_ship_are_found_by_name_and_others_are_not() -> None:
    assert "research" in builtins()
    assert shipped("research") == parse((files("synapse.workflows") / "research.yaml").read_text("utf-8"))
    for name in ("nothing", "../research", "", "research.yaml"):
        assert builtin(name) is None
