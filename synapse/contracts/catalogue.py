"""What can be run: agents, workflows and their versions, and what is wrong with a definition."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field, JsonValue

from synapse.contracts.evidence import Frozen


class AgentView(Frozen):
    """An agent as a program sees it."""

    name: str
    queue: str
    description: str
    timeout_seconds: float
    input_schema: dict[str, Any] = Field(description="JSON Schema of its input.")
    output_schema: dict[str, Any] = Field(description="JSON Schema of its output.")


class Source(StrEnum):
    """Where a workflow comes from. BUILTIN and FILE are the operator's and read-only; TENANT is one's own, made by the API."""

    BUILTIN = "builtin"
    FILE = "file"
    TENANT = "tenant"


class VersionView(Frozen):
    """One version of a workflow; once made it never changes."""

    version: int
    digest: str = Field(description="sha256 of the definition, equal for equal definitions however they were written.")
    created_at: datetime | None = Field(default=None, description="Null for the operator's.")
    created_by: str | None = None


class VersionList(Frozen):
    """Every version of a workflow, newest first."""

    name: str
    source: Source
    versions: tuple[VersionView, ...]


class WorkflowView(VersionView):
    """A workflow as a program sees it."""

    name: str
    source: Source
    description: str
    input: dict[str, JsonValue] = Field(description="JSON Schema of the input of a run.")
    definition: dict[str, JsonValue] = Field(description="The whole definition, as it would be written in YAML.")


class WorkflowFault(Frozen):
    """One thing that is wrong with a definition."""

    path: str = Field(description="Where in the definition; empty for the whole.", examples=["do.chain[1].with.text"])
    detail: str
    remedy: str | None = None


class Validation(Frozen):
    """What a definition came to, without running it."""

    valid: bool
    name: str | None = None
    digest: str | None = None
    definition: dict[str, JsonValue] | None = Field(
        default=None, description="The definition as it was understood, where its form is right, whatever else is wrong with it."
    )
    faults: tuple[WorkflowFault, ...] = Field(default=(), description="The first fault of each part, at most 50.")


class ChangeKind(StrEnum):
    """How a part differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class DefinitionChange(Frozen):
    """One part that differs. Paths are those of the newer definition, of what was removed those of the older one."""

    path: str
    kind: ChangeKind
    before: JsonValue = None
    after: JsonValue = None


class WorkflowDiff(Frozen):
    """How one version differs from another."""

    name: str
    before: int
    after: int
    changes: tuple[DefinitionChange, ...]
    text: str = Field(description="The same as a unified diff of the definitions in YAML.")
