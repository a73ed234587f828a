"""Runs that wait hold nothing but rows: over real RabbitMQ and PostgreSQL, with workers and a broker that come and go."""

from __future__ import annotations

import kombu
import pytest

from synapse.contracts.principal import OPERATOR
from synapse.contracts.waits import Signal, SignalRequest
from synapse.service.runs import Runs
from tests.integration.engine.conftest import FAN_OUT, Client, WorkerProcesses
from tests.services import RabbitMQ
from tests.waiting import until

APPROVED = """
name: approved
do:
  chain:
    - {step: before, agent: test.work, with: {thing: "'plain-1'", folder: input.folder}}
    - {approval: publish, timeout: 86400, ask: "join(' ', ['Publish', steps.before.thing])"}
    - {step: after, agent: test.work, with: {thing: "'plain-2'", folder: input.folder}}
"""
TIMED = """
name: timed
do:
  chain:
    - {timer: pause, seconds: 0.3}
    - foreach: each
      items: input.things
      do: {chain: [{timer: again, seconds: "index"}, {step: work, agent: test.work, with: {thing: item, folder: input.folder}}]}
"""


def approve(client: Client, run: str) -> Signal:
    """As the API does it."""
    return Runs(client.runtime, OPERATOR).signal(run, "publish", SignalRequest(payload={"approved": True})).signal


def waits(client: Client, run: str) -> bool:
    return bool(client.run(run).waiting_for)


@pytest.mark.timeout(360)  # a broker is started anew
def test_a_run_that_waits_outlives_every_worker_and_the_broker_s_data(client: Client, workers: WorkerProcesses, rabbitmq: RabbitMQ) -> None:
    workers.start("-P", "solo")
    runs = [client.begin(APPROVED, {}) for _ in range(3)]
    until(lambda: all(waits(client, run) for run in runs), "all of them wait")
    assert client.run(runs[0]).waiting_for[0].ask == "Publish plain-1"
    workers.stop()
    rabbitmq.wipe()
    assert approve(client, runs[0]).step == "publish"
    workers.start("-P", "solo")
    approve(client, runs[1])
    for run in runs[:2]:
        ended = client.ended(run, seconds=240)
        assert ended.state == "succeeded"
        assert [event.step for event in client.events(run, "step.succeeded")] == ["before", "publish", "after"]
    assert client.run(runs[2]).state == "running"
    assert waits(client, runs[2])


def test_a_thousand_runs_that_wait_hold_no_message_and_no_place_of_a_worker(
    client: Client, workers: WorkerProcesses, broker_url: str
) -> None:
    workers.start("-P", "solo")
    definition = "{name: waits, do: {approval: publish}}"
    runs = [client.begin(definition, {}) for _ in range(1000)]
    with kombu.Connection(broker_url) as connection:
        assert connection.default_channel.queue_declare("synapse-test", passive=True).message_count == 0
    # The only place is free: an ordinary run goes through it while all of them wait.
    assert client.ended(client.begin(FAN_OUT, {"things": ["plain-1", "plain-2"]})).state == "succeeded"
    assert client.runtime.database.queries.counts() == {"parked": 1000}
    assert sum(client.column("hints")) == 0
    for run in runs[::100]:
        approve(client, run)
        assert client.run(run).state == "succeeded"
    assert client.runtime.database.queries.counts() == {"parked": 990}


def test_timers_fire_once_under_several_reconcilers_and_nothing_counts_as_repaired(client: Client, workers: WorkerProcesses) -> None:
    started = workers.start("-P", "threads", "-c", "2", count=2, SYNAPSE_LEASE_SECONDS="300", SYNAPSE_HINT_GRACE_SECONDS="300")
    runs = [client.begin(TIMED, {"things": ["plain-1", "plain-2", "plain-3"]}) for _ in range(5)]
    for run in runs:
        assert client.ended(run).state == "succeeded"
        succeeded = [event.step for event in client.events(run, "step.succeeded")]
        assert len(succeeded) == len(set(succeeded)) == 7
        (pause,) = [event for event in client.events(run, "step.succeeded") if event.step == "pause"]
        began = next(event for event in client.events(run, "step.waiting"))
        assert (pause.at - began.at).total_seconds() >= 0.3
    assert set(client.column("hints")) == {0}
    for worker in started:
        assert "reconciler.repaired" not in worker.log.read_text()
