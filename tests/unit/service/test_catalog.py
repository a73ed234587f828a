from __future__ import annotations

from pathlib import Path

import pytest

from synapse.contracts.catalogue import Source
from synapse.contracts.principal import DEFAULT_TENANT
from synapse.errors import InvalidWorkflow, NotFound
from synapse.service.catalog import Catalog
from synapse.workflows.definition import parse
from tests.unit.workbench import Workbench

DEFINITION = "name: {name}\ndo: {{step: say, agent: echo}}\n"


def test_without_a_folder_there_are_the_built_in_ones() -> None:
    catalog = Catalog(None)
    assert catalog.names() == ["research"]
    assert catalog.get("research").name == "research"
    with pytest.raises(NotFound) as caught:
        catalog.get("none")
    assert (caught.value.field, caught.value.remedy) == ("workflow", "known: research")


def test_a_file_adds_a_workflow_or_replaces_a_built_in_one_and_an_edit_counts_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(DEFINITION.format(name="mine"))
    (tmp_path / "research.yml").write_text(DEFINITION.format(name="research"))
    (tmp_path / "notes.txt").write_text("not a workflow")
    catalog = Catalog(tmp_path)
    assert catalog.names() == ["mine", "research"]
    assert catalog.get("research").description == ""
    (tmp_path / "mine.yaml").write_text(DEFINITION.format(name="mine") + "description: changed\n")
    assert catalog.get("mine").description == "changed"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"do: [", "not YAML"), (b"name: other\ndo: {step: say, agent: echo}\n", "is named 'other'"), (b"\xff\xfe", "read")],
)
def test_a_file_with_a_fault_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    with pytest.raises(InvalidWorkflow, match=said) as caught:
        Catalog(tmp_path).get("mine")
    assert (caught.value.field or "").startswith("mine.yaml")


def test_a_version_may_be_asked_for_and_of_a_file_only_its_own_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(DEFINITION.format(name="mine") + "version: 3\n")
    catalog = Catalog(tmp_path)
    assert catalog.find("mine@3").workflow == catalog.get("mine")
    for reference in ("mine@2", "mine@03", "mine@x", "mine@", "@3", "mine@3@3", "Mine\0", "none@1"):
        with pytest.raises(NotFound):
            catalog.get(reference)


def test_a_tenants_own_comes_before_one_that_the_operator_has_since(tmp_path: Path, bench: Workbench) -> None:
    shelf = bench.runtime.database.shelf(DEFAULT_TENANT)
    shelf.add(parse(DEFINITION.format(name="mine") + "description: own\n"), numbered=False, by="anna")
    (tmp_path / "mine.yaml").write_text(DEFINITION.format(name="mine") + "version: 2\n")
    catalog = Catalog(tmp_path, shelf)
    found = catalog.find("mine")
    assert (found.source, found.workflow.description, found.created_by) == (Source.TENANT, "own", "anna")
    assert catalog.names() == ["mine", "research"]
    with pytest.raises(NotFound):
        catalog.get("mine@2")
