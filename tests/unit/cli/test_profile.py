from __future__ import annotations

import json

from synapse.cli.house import House
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
