"""What workers log while steps fail: JSON, a line each, with everything that tells whose they are and nothing that is nobody's business."""

from __future__ import annotations

import json

import pytest

from tests.integration.engine.conftest import Client, WorkerProcesses
from tests.waiting import until

LEAKING = "{name: leaking, do: {step: leak, agent: test.leak, with: {thing: \"'l'\"}}}"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SECRET = "swordfish"


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_failing_agents_line_says_whose_it_is_and_nothing_of_its_variables(client: Client, workers: WorkerProcesses, pool: str) -> None:
    (worker,) = workers.start("-P", pool, "-c", "1", "--loglevel", "warning", SYNAPSE_TENANT_CLASSES="default=house")
    run = client.begin(LEAKING, {}, traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
    error = client.ended(run).error
    assert error is not None
    assert (error.code, error.message) == ("internal", "KeyError: 9")
    text = until(lambda: log if "step.error" in (log := worker.log.read_text()) else "", "it is logged")
    lines = [json.loads(line) for line in text.splitlines() if line and line != "takes work"]
    (ours,) = [line for line in lines if line["event"] == "step.error"]
    (agents,) = [line for line in lines if line["event"] == "the agent is about to fail"]
    whose = {"run": run, "step": "leak", "agent": "test.leak", "attempt": 1, "tenant_class": "house", "trace_id": TRACE}
    for line in (ours, agents):
        assert {name: line.get(name) for name in whose} == whose
    assert "KeyError" in json.dumps(ours["exception"])
    assert SECRET not in text
