"""Agents as an installed package has them, for processes that find theirs by entry points."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def install(folder: Path, agents: Mapping[str, str]) -> Path:
    """Write the metadata of a package with these entry points; the folder is to be on the path."""
    info = folder / "chaos_agents-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chaos-agents\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[synapse.agents]\n" + "".join(f"{name} = {value}\n" for name, value in agents.items()))
    return folder
