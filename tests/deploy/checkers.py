"""Programs that read what is deployed: those of the machine, or those that ``scripts/install-checkers`` has put beside the project."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

from tests.absent import absent, unpromised
from tests.deploy.composed import ROOT

FOLDER: Final = ROOT / ".venv" / "checkers"


def installed(name: str) -> str | None:
    """Where a program is, if it is anywhere."""
    folder = os.environ.get("SYNAPSE_CHECKERS", str(FOLDER))
    return shutil.which(name) or shutil.which(name, path=folder)


def compose() -> list[str]:
    """The command of a Compose, which needs no engine to read a file."""
    if shutil.which("docker") and not subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        return ["docker", "compose"]
    program = installed("docker-compose")
    if program is None:
        absent("Docker Compose is not installed (scripts/install-checkers)")
    return [program]


def actionlint() -> str:
    """The program. Go, which builds it, is not what a checkout needs; where ``SYNAPSE_CI_GO`` is 1, it is there."""
    program = installed("actionlint")
    if program is None:
        unpromised("actionlint is not installed (scripts/install-checkers, with go)", "SYNAPSE_CI_GO")
    return program
