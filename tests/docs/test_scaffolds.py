"""What `synapse new agent` makes is built, installed, tested and run as it is, by what its own README says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from synapse.contracts.run import RunRequest, RunState
from tests.docs.pages import commands
from tests.docs.running import environment, up

SYNAPSE = [sys.executable, "-m", "synapse.cli.main"]
BUILD = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The new package's folder."""
    subprocess.run([*SYNAPSE, "new", "agent", "first_words"], cwd=tmp_path, env=environment(tmp_path), check=True, capture_output=True)
    return tmp_path / "first-words"


@pytest.fixture
def installed(package: Path, tmp_path: Path) -> Path:
    """What its wheel, made by the backend that it names, puts into an environment."""
    built, site = tmp_path / "built", tmp_path / "site"
    built.mkdir()
    done = subprocess.run([sys.executable, "-c", BUILD, str(built)], cwd=package, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    return site


def test_its_tests_pass(package: Path, installed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=package, env=environment(tmp_path, installed), capture_output=True, text=True, check=False)
    assert re.search(r"^3 passed", done.stdout, re.MULTILINE), done.stdout + done.stderr


def test_it_runs_in_the_workflow_that_is_made_with_it(package: Path, installed: Path, tmp_path: Path) -> None:
    (start,) = (shlex.split(line) for line in commands(package / "README.md") if line.startswith("synapse runs start"))
    with up(tmp_path, environment(tmp_path, installed, SYNAPSE_WORKFLOWS_DIR=str(package / "workflows"))) as api:
        asked = environment(tmp_path, SYNAPSE_API_URL=api.url)
        done = subprocess.run([*SYNAPSE, *start[1:]], env=asked, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        run = api.submit(RunRequest(workflow=start[3], input={"texts": ["one two", ""]}))
        found = api.wait(run.id)
    assert found.state is RunState.SUCCEEDED
    assert found.output == [{"text": "one two", "words": 2}]
