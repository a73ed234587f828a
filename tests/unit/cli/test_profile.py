from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from synapse.cli.house import House
from tests.services.process import ServerProcess
from tests.unit.cli.conftest import QUESTION, Command


def test_a_finished_research_shows_its_agents_and_its_path(house: House, synapse: Command) -> None:
    synapse("research", QUESTION, "--corpus", "insects")
    run = json.loads(synapse("runs", "list", "--limit", "1", "--state", "succeeded", "--json").out)["runs"][0]["id"]
    found = json.loads(synapse("profile", run, "--json").out)
    assert found["run"] == run
    assert found["path"][0]["path"] == "plan"
    assert found["path"][-1]["path"] == "finish"
    on_path = sum(leg["waited_seconds"] + leg["ran_seconds"] for leg in found["path"])
    assert abs(on_path - found["seconds"]) < 0.002 * (len(found["path"]) + 1)
    shown = synapse("profile", run).out
    assert shown.startswith("succeeded: ")
    assert all(name in shown for name in ("orchestrator", "synthesis", "critical path"))


def test_a_run_that_is_not_there_is_told(house: House, synapse: Command) -> None:
    assert synapse("profile", "none").code == 1


@pytest.fixture
def place(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNAPSE_RUNTIME_DIR", str(short_folder / "run"))
    return short_folder


@pytest.fixture
def api(place: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """A real API in a process of its own."""
    env = {**os.environ, "SYNAPSE_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    served = ServerProcess([sys.executable, "-m", "synapse.cli.main", "api", "--port", "0"], log=tmp_path / "api.log", env=env)
    try:
        served.wait_until(lambda: "ready; Ctrl-C stops" in served.log.read_text(errors="replace"), "synapse api")
        yield served
    finally:
        served.stop()


def test_an_api_is_watched_and_weighed_without_a_right_that_a_container_lacks(api: ServerProcess, synapse: Command, place: Path) -> None:
    api_pid = json.loads(synapse("profile", "memory", "--json").out)[0]["card"]["pid"]
    shown = synapse("profile", "api", "--seconds", "0.5", "--no-py-spy", "--output", str(place / "api.json")).out
    assert shown.startswith(f"api {api_pid}: ")
    assert "synapse-http" in shown
    assert json.loads((place / "api.json").read_text())["exporter"] == "synapse"
    assert synapse("profile", "api", "--seconds", "0.2", "--no-py-spy", "--output", str(place / "api.folded")).code == 0
    assert "\n" in (place / "api.folded").read_text()
    assert f"api {api_pid};" in synapse("profile", "api", "--seconds", "0.5", "--no-py-spy", "--output", "-").out
    assert json.loads(synapse("profile", "api", "--seconds", "0.2", "--no-py-spy", "--json").out)["profiles"]
    assert "together" in synapse("profile", "memory").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("memory", "--seconds", "3"), "--seconds says nothing about memory"),
        (("some-run", "--queue", "search"), "--queue says nothing about some-run"),
        (("some-run", "--py-spy"), "--py-spy says nothing about some-run"),
        (("api", "--output", "/nowhere/at/all.json"), "/nowhere/at is no folder"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(words: tuple[str, ...], said: str, synapse: Command) -> None:
    ended = synapse("profile", *words)
    assert (ended.code, said in ended.err) == (2, True)


def test_where_nothing_runs_that_is_told(place: Path, synapse: Command) -> None:
    ended = synapse("profile", "worker", "--seconds", "0.1")
    assert (ended.code, "no worker of this user runs here" in ended.err) == (1, True)
