"""The page on writing an agent is followed to the letter."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from synapse.contracts.run import RunRequest, RunState
from tests.docs.pages import ROOT, blocks, commands, write
from tests.docs.running import environment, up

PAGE = ROOT / "docs/howto/own-agent.md"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The page's package, installed as pip would, without a network: metadata beside the module is what makes it installed."""
    folder = tmp_path / "package"
    write(PAGE, folder)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]
    text = "\n".join(f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in found.items()) for group, found in points.items())
    (info / "entry_points.txt").write_text(text + "\n")
    return folder


def test_the_agent_of_the_page_runs_in_the_workflow_of_the_page(package: Path, tmp_path: Path) -> None:
    curl = next(line for line in commands(PAGE) if line.startswith("curl") and " -d " in line)
    words = shlex.split(curl)
    request = RunRequest.model_validate_json(words[words.index("-d") + 1])
    env = environment(tmp_path, package, SYNAPSE_WORKFLOWS_DIR=str(package / "workflows"))
    with up(tmp_path, env) as api:
        run = api.submit(request)
        events = [event.name for event in api.stream(run.id)]
        found = api.run(run.id)
    assert found.state is RunState.SUCCEEDED, found.error
    assert found.output == json.loads(blocks(PAGE, "json")[0].text)
    assert {step.path: step.state for step in found.steps} == {"count[0]": "succeeded", "count[1]": "skipped", "count[2]": "succeeded"}
    assert "step.retrying" not in events


def test_the_test_of_the_page_passes(package: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(package)],
        cwd=package,
        env=environment(tmp_path, package),
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"^1 passed", done.stdout, re.MULTILINE), done.stdout + done.stderr
