from __future__ import annotations

from synapse.cli import workflows_view
from synapse.contracts.catalogue import Source, Validation, WorkflowFault, WorkflowView


def test_a_definition_is_written_as_yaml_without_what_moves_the_cursor() -> None:
    found = WorkflowView(
        name="w", version=1, digest="d", source=Source.TENANT, description="", input={}, definition={"name": "w", "description": "a\u202eb"}
    )
    assert workflows_view.definition(found) == "name: w\ndescription: ab\n"


def test_a_fault_is_a_line_with_its_path_and_its_remedy() -> None:
    faults = (WorkflowFault(path="do.agent", detail="there is none", remedy="take another"), WorkflowFault(path="", detail="not\nYAML"))
    assert (
        workflows_view.validation(Validation(valid=False, faults=faults)) == "do.agent: there is none (take another)\nthe whole: not YAML"
    )
