"""Workers over real RabbitMQ and PostgreSQL fire schedules; one that dies between the commit and its messages costs time, nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from synapse.contracts.principal import OPERATOR
from synapse.contracts.schedule import ScheduleRequest
from synapse.service.schedules import ScheduleDesk
from synapse.settings import EngineSettings
from tests.integration.engine.conftest import Client, WorkerProcesses
from tests.waiting import until

TICK = "{name: tick, do: {step: work, agent: test.work, with: {thing: \"'plain-1'\"}}}"


def test_a_worker_killed_between_the_firing_and_its_messages_leaves_a_run_that_another_one_ends(
    client: Client, workers: WorkerProcesses, tmp_path: Path
) -> None:
    folder = tmp_path / "workflows"
    folder.mkdir()
    (folder / "tick.yaml").write_text(TICK)
    client.runtime.engine = EngineSettings(workflows_dir=folder)
    desk = ScheduleDesk(client.runtime, OPERATOR)
    faults: dict[str, Any] = {"rules": [{"at": "in-submit", "do": "kill", "where": "schedule"}], "marks": str(tmp_path)}
    (first,) = workers.start("-P", "threads", "-c", "2", SYNAPSE_WORKFLOWS_DIR=str(folder), SYNAPSE_FAULTS=json.dumps(faults))
    request = {"name": "tick", "every_seconds": 1, "overlap": "allow", "run": {"workflow": "tick"}}
    made = desk.create(ScheduleRequest.model_validate(request))
    until(lambda: not first.running, "the worker fires and dies")
    (begun,) = desk.history(made.id).firings
    assert begun.run is not None
    assert (begun.due, begun.state) == (made.next_due, "running")

    workers.start("-P", "threads", "-c", "2", SYNAPSE_WORKFLOWS_DIR=str(folder))
    assert client.ended(begun.run).state == "succeeded"
    until(lambda: [row.state for row in desk.history(made.id).firings].count("succeeded") > 3, "further firings")
    desk.pause(made.id)
    rows = [row for row in reversed(desk.history(made.id, limit=200).firings) if row.outcome == "fired"]
    assert [row.due for row in rows] == [begun.due + timedelta(seconds=n) for n in range(len(rows))]
    assert len({row.run for row in rows}) == len(rows)
