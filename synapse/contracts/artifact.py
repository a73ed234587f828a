"""What a run leaves behind as files."""

from __future__ import annotations

from pydantic import Field

from synapse.contracts.evidence import Frozen


class ArtifactView(Frozen):
    """One file of a run."""

    name: str = Field(examples=["report.md"])
    media_type: str = Field(examples=["text/markdown; charset=utf-8"])
    bytes: int
    sha256: str


class ArtifactList(Frozen):
    """Every file that a run has now."""

    artifacts: tuple[ArtifactView, ...]
