"""A whole Synapse in a process of its own, as `synapse up` makes it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from synapse.cli.client import Api
from tests.docs.pages import ROOT
from tests.services.process import ServerProcess


def environment(folder: Path, *paths: Path, **settings: str) -> dict[str, str]:
    """Variables for a process that finds Synapse, the packages below ``paths``, and settings of nobody else."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SYNAPSE_")}
    found = os.pathsep.join([*map(str, paths), str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return {**plain, "PYTHONPATH": found, "PYTHONUNBUFFERED": "1", "SYNAPSE_HOME": str(folder / "home"), **settings}


@contextmanager
def up(folder: Path, env: Mapping[str, str]) -> Iterator[Api]:
    """`synapse up` on free ports, and a client of its API."""
    log = folder / "up.log"
    process = ServerProcess([sys.executable, "-m", "synapse.cli.main", "up", "--port", "0"], log=log, env=env)
    try:
        process.wait_until(lambda: "ready; Ctrl-C stops" in log.read_text(), "synapse up")
        with Api(re.findall(r"^api +(\S+)$", log.read_text(), re.MULTILINE)[0]) as api:
            yield api
    finally:
        process.stop()
