from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from synapse.cli import scaffolds
from synapse.engine.registry import Registry
from synapse.workflows.compile import compile_workflow
from synapse.workflows.definition import parse


def test_the_workflow_fits_the_agents_that_come_with_synapse() -> None:
    ((path, text),) = scaffolds.workflow("survey").items()
    workflow = parse(text)
    assert (path.stem, workflow.name) == ("survey", "survey")
    assert compile_workflow(workflow, Registry.installed()).nodes


@pytest.mark.parametrize("name", ["summary", "word_count", "class", "s2"])
def test_the_files_of_an_agent_agree_about_its_name(name: str) -> None:
    files = {str(path): text for path, text in scaffolds.agent(name).items()}
    project = tomllib.loads(files["pyproject.toml"])
    assert project["project"]["entry-points"]["synapse.agents"] == {name: f"{name}_agent"}
    assert project["tool"]["setuptools"]["py-modules"] == [f"{name}_agent"]
    assert f'@agent("{name}"' in files[f"{name}_agent.py"]
    for path in files:
        if path.endswith(".py"):
            ast.parse(files[path])
    (workflow,) = (path for path in files if Path(path).parent == Path("workflows"))
    assert parse(files[workflow]).name == Path(workflow).stem
    assert not any("$name" in text or "$dashed" in text for text in files.values())
