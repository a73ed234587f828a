from __future__ import annotations

from pathlib import Path

import pytest

from synapse.errors import InvalidWorkflow, NotFound
from synapse.service.catalog import Catalog

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
