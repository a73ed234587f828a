"""scripts/wait-healthy, with a `docker` that tells what the test wrote down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.composed import ROOT

DOCKER = """#!{python}
import pathlib, sys
folder = pathlib.Path(__file__).parent
if sys.argv[1] == "compose":
    print("one two")
elif sys.argv[1] == "inspect":
    print((folder / "containers.json").read_text())
else:
    print("it said this at the end")
"""


def container(name: str, **state: Any) -> dict[str, Any]:
    started = {"StartedAt": "2026-01-01T00:00:02.500000001Z", "FinishedAt": "2026-01-01T00:00:04Z", "ExitCode": 0, "Status": "running"}
    labels = {"com.docker.compose.service": name}
    return {"Id": name, "Created": "2026-01-01T00:00:00.5Z", "Config": {"Labels": labels}, "State": {**started, **state}}


def health(status: str) -> dict[str, Any]:
    log = [{"End": "2026-01-01T00:00:05Z", "ExitCode": 1}, {"End": "2026-01-01T00:00:07.25Z", "ExitCode": 0}]
    return {"Status": status, "Log": log}


@pytest.fixture
def wait(tmp_path: Path) -> Any:
    """Runs the script over these containers."""
    (tmp_path / "docker").write_text(DOCKER.format(python=sys.executable))
    (tmp_path / "docker").chmod(0o755)

    def run(*containers: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        (tmp_path / "containers.json").write_text(json.dumps(containers))
        env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        command = [sys.executable, ROOT / "scripts/wait-healthy", "0"]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)

    return run


def test_it_prints_how_long_each_waited_and_took(wait: Any) -> None:
    done = wait(container("api", Health=health("healthy")), container("migrate", Status="exited"))
    assert done.returncode == 0, done.stderr
    assert "| api | healthy | 2.0 | 4.7 |" in done.stdout or "| api | healthy | 2.0 | 4.8 |" in done.stdout
    assert "| migrate | done | 2.0 | 1.5 |" in done.stdout


def test_what_does_not_become_healthy_is_named_with_its_last_words(wait: Any) -> None:
    done = wait(container("api", Health=health("starting")), container("migrate", Status="exited"))
    assert done.returncode == 1
    assert "api is not healthy: starting" in done.stderr
    assert "it said this at the end" in done.stderr


def test_a_job_that_failed_ends_the_wait(wait: Any) -> None:
    done = wait(container("migrate", Status="exited", ExitCode=1))
    assert done.returncode == 1
    assert "migrate is not healthy: failed" in done.stderr


def test_it_says_so_when_nothing_runs(wait: Any) -> None:
    assert "nothing runs" in wait().stderr
