"""Queues counted and workers asked on a real RabbitMQ."""

from __future__ import annotations

import kombu

from synapse.engine import roll_call, topology
from synapse.engine.depths import Depth, depths
from tests.integration.engine.conftest import FAN_OUT, Client, WorkerProcesses
from tests.waiting import until


def test_messages_and_consumers_are_the_brokers_count_and_a_queue_that_is_not_there_is_left_out(broker_url: str) -> None:
    with kombu.Connection(broker_url) as connection:
        channel = connection.channel()
        topology.declare(channel, ["synapse-one", "synapse-two"])
        kombu.Producer(channel).publish({}, routing_key="synapse-one")
        names = ["synapse-nowhere", "synapse-one", "synapse-none", "synapse-two"]
        until(lambda: depths(broker_url, names) == {"synapse-one": Depth(1, 0), "synapse-two": Depth(0, 0)}, "the broker's count")


def test_workers_answer_with_what_they_take_and_do(client: Client, workers: WorkerProcesses, broker_url: str) -> None:
    assert roll_call.call(broker_url) == []
    workers.start("-P", "threads", "-c", "3", count=2)
    until(lambda: len(roll_call.call(broker_url)) == 2, "both workers")
    first, second = roll_call.call(broker_url)
    assert (first.slots, first.pool, first.stopping, first.pid == second.pid) == (3, "threads", False, False)
    assert first.queues == second.queues == ("synapse-test",)
    assert depths(broker_url, first.queues)["synapse-test"].consumers == 2
    client.ended(client.begin(FAN_OUT, {"things": ["a"]}))
    until(lambda: all(card.busy == 0 for card in roll_call.call(broker_url)), "nothing to do")
