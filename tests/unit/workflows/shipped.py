"""Workflows that come with the package."""

from __future__ import annotations

from synapse.contracts.workflow import Workflow
from synapse.workflows.definition import builtin


def shipped(name: str) -> Workflow:
    """The definition of that name."""
    found = builtin(name)
    assert found is not None, f"no workflow {name!r} ships"
    assert found.name == name
    return found
