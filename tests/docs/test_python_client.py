"""The programs of the page on the Python client are run against a whole Synapse."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from synapse import client
from tests.docs.pages import ROOT, files, write
from tests.docs.running import environment, up

PAGE = ROOT / "docs/howto/python-client.md"
QUESTION = "What does a worker do when its lease runs out?"


@pytest.mark.timeout(300)
def test_the_programs_of_the_page_ask_follow_and_read_reports(tmp_path: Path) -> None:
    env = environment(tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "handbook")
    command = [sys.executable, "-m", "synapse.cli.main", "index", str(tmp_path / "handbook"), "--name", "handbook"]
    subprocess.run(command, env=env, check=True, capture_output=True)
    write(PAGE, tmp_path)
    with up(tmp_path, env) as api:
        said = {name: _run(tmp_path / name, {**env, "SYNAPSE_API_URL": api.url}) for name in files(PAGE)}
        runs = list(api.each_run())
    assert said["ask.py"].startswith(f"{QUESTION}\n- ")
    assert re.match(r"1 run\.created \n2 ", said["follow.py"])
    assert f"# {QUESTION}" in said["follow.py"]
    assert [line.rpartition(" ")[0] for line in said["several.py"].splitlines()] == [QUESTION, "When is an event published?"]
    assert len(runs) == 4
    assert {run.state for run in runs} == {client.RunState.SUCCEEDED}


def test_the_table_of_errors_has_them_all() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    kinds = {name for name in client.__all__ if isinstance(found := getattr(client, name), type) and issubclass(found, client.ClientError)}
    assert named == kinds - {"ClientError"}


def _run(program: Path, env: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, str(program)], env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
