from __future__ import annotations

from typing import Any

import pytest

from synapse.contracts.run import RunRequest
from synapse.errors import Conflict, InvalidWorkflow, NotFound
from tests.unit.workbench import Workbench

OWN: dict[str, Any] = {
    "name": "own",
    "input": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
    "do": {"step": "say", "agent": "echo", "with": {"text": "input.text"}},
}
SHOUTS = {**OWN, "do": {"step": "say", "agent": "echo", "with": {"text": "'no'"}}}


def test_a_run_is_of_the_newest_version_or_of_the_one_that_is_named(bench: Workbench) -> None:
    desk = bench.service.workflows
    first, second = desk.create(OWN)[0], desk.create(SHOUTS)[0]
    assert (first.version, second.version) == (1, 2)
    runs = [bench.finished(RunRequest(workflow=name, input={"text": "hi"})) for name in ("own", "own@1", "own@2")]
    assert [run.output for run in runs] == [{"text": "no"}, {"text": "hi"}, {"text": "no"}]
    assert [(run.workflow, run.workflow_version) for run in runs] == [("own", 2), ("own", 1), ("own", 2)]
    with pytest.raises(NotFound):
        bench.service.runs.submit(RunRequest(workflow="own@3", input={"text": "hi"}))


def test_yaml_is_read_as_a_file_of_the_operator_is(bench: Workbench) -> None:
    made, created = bench.service.workflows.create(
        "name: own\ndo: {step: say, agent: echo, with: {text: \"'x'\"}, retry: {on: [transient]}}"
    )
    assert (created, made.definition["do"]["retry"]) == (True, {"on": ["transient"]})  # type: ignore[index] # an object


def test_a_definition_with_a_fault_is_not_kept_and_the_fault_is_named_by_its_path(bench: Workbench) -> None:
    with pytest.raises(InvalidWorkflow) as caught:
        bench.service.workflows.create({**OWN, "do": {"step": "say", "agent": "nobody"}})
    assert caught.value.field == "do.agent"
    assert "own" not in bench.service.runs.catalog.names()


@pytest.mark.parametrize("name", ["research", "echo"])
def test_a_name_that_is_the_operators_cannot_be_taken(bench: Workbench, name: str) -> None:
    with pytest.raises(Conflict, match="the operator's"):
        bench.service.workflows.create({**OWN, "name": name})


def test_every_fault_is_told_at_once_without_running_anything(bench: Workbench) -> None:
    broken = {
        **OWN,
        "do": {"chain": [{"step": "a", "agent": "nobody"}, {"step": "b", "agent": "echo", "with": {"text": "steps.zzz", "loud": 1}}]},
    }
    found = bench.service.workflows.validate(broken)
    assert not found.valid
    assert [fault.path for fault in found.faults] == ["do.chain[0].agent", "do.chain[1].with.loud"]
    assert found.definition == broken  # its form is right, so that it can be drawn
    form = bench.service.workflows.validate({"name": "Own", "do": {"chain": [{"step": "a"}]}, "odd": 1})
    assert {fault.path for fault in form.faults} == {"name", "do.chain[0].agent", "odd"}
    assert (form.name, form.definition) == (None, None)


@pytest.mark.parametrize("written", ["do: [", "- a", "3", "", "a: &x 1\nb: *x"])
def test_what_is_no_definition_is_a_fault_of_the_whole_or_of_a_part(bench: Workbench, written: str) -> None:
    found = bench.service.workflows.validate(written)
    assert not found.valid
    assert found.faults[0].detail


def test_a_good_one_is_said_to_be_and_nothing_is_kept(bench: Workbench) -> None:
    found = bench.service.workflows.validate(OWN)
    assert (found.valid, found.name, found.faults) == (True, "own", ())
    assert found.digest == bench.service.workflows.create({**OWN, "version": 1})[0].digest
    assert [each.version for each in bench.service.workflows.versions("own").versions] == [1]


def test_two_versions_are_compared_and_one_that_there_is_not_is_not_found(bench: Workbench) -> None:
    desk = bench.service.workflows
    desk.create(OWN), desk.create(SHOUTS)
    found = desk.diff("own", 1, 2)
    assert [change.path for change in found.changes] == ["version", "do.with.text"]
    assert "-  with:" not in found.text
    assert "+    text: '''no'''" in found.text
    with pytest.raises(NotFound):
        desk.diff("own", 1, 3)


def test_the_operators_have_one_version_and_no_maker(bench: Workbench) -> None:
    found = bench.service.workflows.versions("research")
    assert (found.source.value, [(each.version, each.created_by) for each in found.versions]) == ("builtin", [(1, None)])
    assert {(each.name, each.source.value) for each in bench.service.workflows.list()} == {("echo", "file"), ("research", "builtin")}
