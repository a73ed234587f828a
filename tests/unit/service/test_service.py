from __future__ import annotations

import pytest

from synapse.contracts.run import RunRequest
from synapse.errors import NotFound
from tests.unit.workbench import Workbench


def test_agents_are_listed_by_name_with_their_queues(bench: Workbench) -> None:
    agents = bench.service.agents()
    assert [agent.name for agent in agents] == sorted(agent.name for agent in agents)
    assert bench.service.agent("search.rank").queue == "synapse-search"
    with pytest.raises(NotFound):
        bench.service.agent("nobody")


def test_workflows_are_the_built_in_ones_and_those_of_the_folder(bench: Workbench) -> None:
    assert [workflow.name for workflow in bench.service.workflows.list()] == ["echo", "research"]
    with pytest.raises(NotFound):
        bench.service.workflows.get("nothing")


def test_what_is_open_is_counted_also_when_nothing_is(bench: Workbench) -> None:
    before = bench.service.census()
    assert (before.steps, before.runs) == ({"ready": 0, "waiting": 0, "parked": 0, "running": 0}, 0)
    bench.service.runs.submit(RunRequest(workflow="echo", input={"text": "x"}))
    assert (bench.service.census().steps["ready"], bench.service.census().runs) == (1, 1)
