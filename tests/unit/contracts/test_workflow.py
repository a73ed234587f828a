from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from synapse.contracts.workflow import Chain, Chord, Foreach, Group, Retry, Step, When, Workflow, kind_of

STEP = {"step": "a", "agent": "x"}
NODES: list[tuple[dict[str, Any], type]] = [
    (STEP, Step),
    ({"chain": [STEP]}, Chain),
    ({"group": [STEP]}, Group),
    ({"chord": {"group": [STEP]}, "body": {"step": "b", "agent": "x"}}, Chord),
    ({"foreach": "f", "items": "input.x", "do": STEP}, Foreach),
    ({"when": "input.x", "then": STEP}, When),
]


@pytest.mark.parametrize(("data", "kind"), NODES)
def test_the_one_key_that_names_a_node_decides_its_kind(data: dict[str, Any], kind: type) -> None:
    made = Workflow.model_validate({"name": "w", "do": data}).do
    assert type(made) is kind
    assert kind_of(made) == kind_of(data) == kind.__name__.lower()


@pytest.mark.parametrize(("data", "kind"), NODES)
def test_a_misspelt_key_is_refused_in_every_kind_of_node(data: dict[str, Any], kind: type) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Workflow.model_validate({"name": "w", "do": {**data, "misspelt": 1}})


def test_what_names_no_kind_or_is_no_node_is_refused() -> None:
    assert kind_of({"agent": "x"}) is None
    assert kind_of("chain") is None
    with pytest.raises(ValidationError, match="a node has one of the keys"):
        Workflow.model_validate({"name": "w", "do": {"agent": "x"}})


@pytest.mark.parametrize("name", ["", "Research", "a b", "-x", "x" * 64])
def test_a_workflow_s_name_is_fit_for_a_url(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        Workflow.model_validate({"name": name, "do": STEP})


@pytest.mark.parametrize("options", [{"attempts": 0}, {"attempts": 21}, {"delay": -1}, {"factor": 0.5}, {"max_delay": 1e9}])
def test_a_retry_is_bounded(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(options))):
        Retry.model_validate(options)
