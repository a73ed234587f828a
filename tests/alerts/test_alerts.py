"""What fails rings: a live system, a real Prometheus that scrapes as often as ours does, and a real Alertmanager with our configuration."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.absent import absent
from tests.deploy.live import Broker, System
from tests.deploy.queries import MONITORING
from tests.services import ServiceMissing
from tests.services.alertmanager import Alertmanager
from tests.waiting import came, until

# `rank` is work for the queue synapse-search, whatever there is to rank; `fail` is never given what it takes.
WORKFLOWS = {
    "rank": {"step": "rank", "agent": "search.rank", "with": {"found": "input.found"}},
    "fail": {"step": "plan", "agent": "orchestrator", "with": {"question": "input.question"}, "retry": {"attempts": 1}},
}
SHARED = ("synapse-orchestrator", "synapse-extraction", "synapse-fact-check", "synapse-file-save", "synapse-logger")
WORKERS = {
    "shared": ("-Q", ",".join(SHARED)),
    "search": ("-Q", "synapse-search"),
    "synthesis": ("-Q", "synapse-synthesis"),
}
EVERY = yaml.safe_load((MONITORING / "prometheus.yml").read_text("utf-8"))["global"]["scrape_interval"]
# So long somebody who has only just looked away waits at most on a busy machine; what it took is printed, and told in the runbooks.
MINUTES = 8 * 60.0


@dataclass(frozen=True)
class Failure:
    """What was broken, when, and the alert that says so."""

    what: str
    at: float
    labels: dict[str, str]


@pytest.fixture
def alertmanager() -> Iterator[Alertmanager]:
    try:
        made = Alertmanager(MONITORING / "alertmanager.yml")
    except ServiceMissing as missing:
        absent(missing)
    with made:
        yield made


@pytest.fixture
def system(postgres_url: str, alertmanager: Alertmanager, tmp_path: Path) -> Iterator[System]:
    try:
        broker = Broker()
    except ServiceMissing as missing:
        absent(missing)
    (tmp_path / "workflows").mkdir()
    for name, tree in WORKFLOWS.items():
        (tmp_path / "workflows" / f"{name}.yaml").write_text(yaml.safe_dump({"name": name, "do": tree}))
    more = {"SYNAPSE_WORKFLOWS_DIR": str(tmp_path / "workflows")}
    with broker:
        made = System(postgres_url, broker, tmp_path, WORKERS, every=EVERY, told=alertmanager.address, more=more)
        try:
            with made.prometheus:
                yield made
        finally:
            for part in made.parts.values():
                part.kill()


@pytest.mark.rabbitmq
@pytest.mark.timeout(3 * MINUTES)
def test_a_dead_worker_a_stuck_queue_an_mcp_server_that_is_down_and_failing_runs_ring(
    system: System, alertmanager: Alertmanager, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = system.prometheus.ask
    until(lambda: len(ask("up == 1")) == 7, "every target answers", MINUTES)
    assert system.research() == "succeeded"
    until(lambda: ask('synapse_runs_ended_total{state="succeeded"} > 0'), "the run was seen", MINUTES)
    until(lambda: not ask("ALERTS"), "nothing is about to ring", MINUTES)
    assert alertmanager.firing() == []

    failures = _break(system)
    rang: dict[str, float] = {}

    def all_rang() -> bool:
        # The rate of errors is of what is asked for: somebody goes on asking.
        assert system.run({"workflow": "fail", "input": {"question": 7}}) == "failed"
        firing = alertmanager.firing()
        for failure in failures:
            if failure.what not in rang and any(failure.labels.items() <= labels.items() for labels in firing):
                rang[failure.what] = time.monotonic() - failure.at
        return len(rang) == len(failures)

    came(all_rang, MINUTES, every=1.0)
    with capsys.disabled():
        for failure in failures:
            took = f"{rang[failure.what]:.0f} s" if failure.what in rang else "never"
            print(f"\n{failure.what}: {failure.labels['alertname']} after {took}", end="")
    assert set(rang) == {failure.what for failure in failures}


def _break(system: System) -> list[Failure]:
    """Everything at once, each on a part of its own."""
    system.parts["synthesis"].kill()
    killed = time.monotonic()
    os.kill(system.parts["search"].pid, signal.SIGSTOP)
    with system.client() as client:
        client.post("/v1/runs", json={"workflow": "rank", "input": {"found": []}}).raise_for_status()
    stuck = time.monotonic()
    system.parts["filesystem"].kill()
    down = time.monotonic()
    return [
        Failure("a worker killed", killed, {"alertname": "SynapseQueueWithoutWorker", "queue": "synapse-synthesis"}),
        Failure("a queue stuck", stuck, {"alertname": "SynapseQueueStuck", "queue": "synapse-search"}),
        Failure("an MCP server down", down, {"alertname": "SynapseMcpServerDown", "instance": system.targets["MCP_FILESYSTEM_PORT"]}),
        Failure("the error rate up", time.monotonic(), {"alertname": "SynapseErrorBudgetBurnsFast"}),
    ]
