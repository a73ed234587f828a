from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import kombu
import pytest

from synapse.engine import topology
from tests.unit.engine.fake_amqp import FakeBroker, FakeChannel, FakeConnection


@pytest.fixture
def channel() -> Iterator[FakeChannel]:
    broker = FakeBroker()
    connection = FakeConnection(broker)
    yield connection.channel()
    connection.close()


def test_a_step_queue_is_durable_and_what_it_cannot_deliver_is_kept_elsewhere() -> None:
    queue = topology.step_queue("synapse-search")
    assert (queue.name, queue.routing_key, queue.durable, queue.exchange.name) == ("synapse-search", "synapse-search", True, "")
    assert queue.queue_arguments["x-dead-letter-exchange"] == "synapse.dead"


def test_a_step_may_last_as_long_as_its_hard_limit_before_the_broker_takes_its_message_back() -> None:
    for kind in get_args(topology.QueueType):
        assert topology.step_queue("q", kind).queue_arguments["x-consumer-timeout"] > topology.LONGEST_STEP * 1000


def test_a_classic_queue_has_priorities_and_a_quorum_queue_is_not_asked_for_them() -> None:
    assert topology.step_queue("q", "classic").queue_arguments["x-max-priority"] == topology.MAX_PRIORITY
    assert "x-max-priority" not in topology.step_queue("q", "quorum").queue_arguments


def test_a_quorum_queue_loses_no_dead_letter_on_the_way() -> None:
    arguments = topology.step_queue("q", "quorum").queue_arguments
    assert (arguments["x-dead-letter-strategy"], arguments["x-overflow"]) == ("at-least-once", "reject-publish")
    assert topology.dead_letter_queue("quorum").queue_arguments["x-delivery-limit"] > 100_000


@pytest.mark.parametrize("make", [lambda kind: topology.step_queue("q", kind), topology.event_log_queue])
def test_a_quorum_queue_gives_a_deadly_message_up_before_rabbitmq_drops_it_in_silence(make: Any) -> None:
    arguments = make("quorum").queue_arguments
    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-delivery-limit"] < 20
    assert "x-delivery-limit" not in make("classic").queue_arguments


def test_the_event_log_takes_every_event() -> None:
    queue = topology.event_log_queue()
    assert (queue.exchange.name, queue.exchange.type, queue.routing_key) == ("synapse.events", "topic", "#")


def test_everything_is_declared_before_it_is_used(channel: FakeChannel) -> None:
    topology.declare(channel, ["synapse-a", "synapse-b"])
    assert channel.broker.declared == [
        "synapse.events",
        "synapse.dead",
        "synapse.dead",  # by its queue, once more
        "synapse-dead",
        "synapse.dead -> synapse-dead",
        "synapse-a",
        "synapse-b",
    ]


def test_declaring_again_is_harmless_and_a_topic_reaches_only_who_asked_for_it() -> None:
    with kombu.Connection("memory://") as connection, connection.channel() as channel:
        for _ in range(2):
            topology.declare(channel, ["synapse-a"])
            topology.event_log_queue()(channel).declare()
        failures = kombu.Queue("failures", topology.EVENTS, routing_key="status_update.*.run.failed")(channel)
        failures.declare()
        for key in ("status_update.run.run.failed", "status_update.search.step.started"):
            channel.basic_publish(channel.prepare_message("{}", 0, "application/json", "utf-8"), "synapse.events", key)
        assert [channel._size("failures"), channel._size("synapse-events"), channel._size("synapse-a")] == [1, 2, 0]
