"""The page on writing a workflow says the same thing twice, once in YAML and once in Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from synapse.engine.app import SynapseApp, create_app
from synapse.errors import InvalidWorkflow
from synapse.workflows.compile import checked_input, compile_workflow
from synapse.workflows.definition import parse, to_yaml
from synapse.workflows.program import digest_of
from tests.docs.pages import ROOT, files

PAGE = ROOT / "docs/howto/own-workflow.md"


@pytest.fixture
def app() -> Iterator[SynapseApp]:
    """The application, which connects to nothing."""
    made = create_app(set_as_current=False)
    yield made
    made.runtime.close()


def test_the_input_that_the_page_sends_is_taken() -> None:
    workflow = parse(files(PAGE)["survey.yaml"])
    assert checked_input(workflow, {"question": "why?"}) == {"question": "why?", "corpus": None}


def test_every_definition_of_the_page_fits_the_agents(app: SynapseApp) -> None:
    definitions = [text for name, text in files(PAGE).items() if name.endswith(".yaml")]
    kinds = {node.kind for text in definitions for node in compile_workflow(parse(text), app.runtime.registry).nodes.values()}
    assert kinds == {"step", "chain", "group", "foreach", "when"}  # a chord is a chain of its fan-out and its body


def test_the_canvas_of_the_page_is_the_definition_of_the_page(app: SynapseApp) -> None:
    scope: dict[str, Any] = {}
    exec(compile(files(PAGE)["survey.py"], "survey.py", "exec"), scope)
    made = scope["survey"](app)
    written = parse(files(PAGE)["survey.yaml"])
    assert to_yaml(made) == to_yaml(written)
    assert digest_of(made) == digest_of(written)


def test_a_fault_is_named_by_the_path_that_the_page_shows(app: SynapseApp) -> None:
    text = files(PAGE)["survey.yaml"].replace("found: steps.searches", "found: steps.judge")
    with pytest.raises(InvalidWorkflow, match=r"do\.chain\[2\]\.with\.found"):
        compile_workflow(parse(text), app.runtime.registry)
