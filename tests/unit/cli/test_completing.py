from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from synapse.cli import completing, session
from synapse.cli.client import Api
from synapse.cli.house import House
from synapse.cli.main import run as run_command
from synapse.contracts.run import RunRequest
from synapse.service.catalog import Catalog
from tests.unit.cli.conftest import QUESTION, Command

Words = Callable[..., list[str]]


@pytest.fixture
def offered(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Words:
    """What bash is offered for the last of some words. Nothing may be said about it."""

    def words(*typed: str) -> list[str]:
        with monkeypatch.context() as patch:
            patch.setenv("_SYNAPSE_COMPLETE", "complete_bash")
            patch.setenv("COMP_WORDS", " ".join(["synapse", *typed]))
            patch.setenv("COMP_CWORD", str(len(typed)))
            with pytest.raises(SystemExit) as ended:
                run_command([])
        captured = capsys.readouterr()
        assert (ended.value.code, captured.err) == (0, "")
        return captured.out.split()

    return words


def test_runs_steps_workflows_and_corpora_are_offered_by_name(house: House, synapse: Command, offered: Words) -> None:
    run = synapse("research", QUESTION, "--corpus", "insects", "--detach").out.strip()
    assert run in offered("runs", "show", "")
    assert offered("runs", "show", run[:-2]) == [run]
    assert "plan" in offered("runs", "step", run, "pl")
    assert offered("workflows", "show", "res") == ["research"]
    assert "insects" in offered("research", "x", "--corpus", "")
    assert offered("runs", "list", "--state", "f") == ["failed"]


def test_what_a_run_waits_for_is_offered(house: House, offered: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "waits.yaml").write_text("{name: waits, do: {group: [{approval: one}, {wait_for: two}]}}")
    monkeypatch.setattr(Catalog, "_files", lambda self: [tmp_path / "waits.yaml"])
    with Api.from_settings() as api:
        run = api.submit(RunRequest(workflow="waits")).id
    assert offered("runs", "signal", run, "") == ["one", "two"]


def test_where_no_api_answers_nothing_is_offered_and_nothing_said(nowhere: None, offered: Words) -> None:
    assert offered("runs", "show", "") == []
    assert offered("research", "x", "--corpus", "") == []


def test_an_api_that_hangs_is_waited_for_a_second(offered: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: list[float | None] = []

    def connected(*, within: float | None = None) -> Api:
        seconds.append(within)
        return session.connected(within=0.05)

    monkeypatch.setattr(completing, "connected", connected)
    # The listening queue takes the connection; nobody ever reads from it.
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        monkeypatch.setenv("SYNAPSE_API_URL", f"http://127.0.0.1:{hanging.getsockname()[1]}")
        assert offered("runs", "show", "") == []
    assert seconds == [1.0]


def test_the_script_for_bash_completes_in_a_bash(tmp_path: Path, nowhere: None) -> None:
    (tmp_path / "synapse").write_text(f'#!/bin/sh\nexec {sys.executable} -m synapse.cli.main "$@"\n')
    (tmp_path / "synapse").chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    typed = "COMP_WORDS=(synapse sched); COMP_CWORD=1; _synapse_completion synapse"
    script = f'eval "$(synapse --show-completion)"; {typed}; echo "${{COMPREPLY[@]}}"'
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run([bash, "--norc", "-c", script], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["schedules"]
