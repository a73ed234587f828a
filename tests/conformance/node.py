"""MCP's official programs, as they were put below .venv/node, and the Node that runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LEAST: Final = 22
NO_NODE: Final = f"Node >= {LEAST} is not installed"
NO_TOOLS: Final = "MCP's official tools are not installed: scripts/install-node"
_SECONDS: Final = 100


class NodeMissing(Exception):
    """What these tests need is not on this machine; says which part."""


@dataclass(frozen=True)
class Node:
    """A Node that is new enough, and the folder of the packages."""

    program: Path
    packages: Path

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a package's program to its end; ``script`` is its file below the packages."""
        command = [str(self.program), str(self.packages / script), *arguments]
        # The inspector keeps a catalogue in the home directory.
        env = {"PATH": f"{self.program.parent}:{os.environ['PATH']}", "HOME": str(self.packages.parent)}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=_SECONDS, check=False)


def installed() -> Node:
    """What is there. Raises NodeMissing."""
    packages = Path(os.environ.get("SYNAPSE_NODE_TOOLS", ROOT / ".venv" / "node")) / "node_modules"
    ours = sorted(packages.glob("node-linux-*/bin/node"))
    system = shutil.which("node")
    candidates = [*ours, *([Path(system)] if system else [])]
    program = next((each for each in candidates if _major(each) >= LEAST), None)
    if program is None:
        raise NodeMissing(NO_NODE)
    if not (packages / "@modelcontextprotocol").is_dir():
        raise NodeMissing(NO_TOOLS)
    return Node(program, packages)


def _major(program: Path) -> int:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=True).stdout
        return int(said.removeprefix("v").partition(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0
