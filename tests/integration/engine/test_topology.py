"""Exchanges and queues on a real RabbitMQ: declared, looked at, replaced, and used as they are when they differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import amqp
import kombu
import pytest
from kombu import Queue

from synapse.engine import drift, topology
from tests.integration.engine.conftest import FAN_OUT, Client, WorkerProcesses
from tests.services import RabbitMQ
from tests.waiting import until

QUEUES = ["synapse-test", "synapse-logger"]


@pytest.fixture
def connection(broker_url: str) -> Iterator[kombu.Connection]:
    with kombu.Connection(broker_url) as made:
        made.connect()
        yield made


def old_queue(connection: kombu.Connection, name: str = "synapse-test") -> None:
    """As a version before this one declared it."""
    arguments = {"x-queue-type": "classic", "x-dead-letter-exchange": "synapse.dead"}
    Queue(name, durable=True, queue_arguments=arguments)(connection.channel()).queue_declare()


def whats(found: list[drift.Drift]) -> dict[str, str]:
    return {each.name: each.what for each in found}


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_what_is_declared_is_as_it_should_be(connection: kombu.Connection, kind: Any) -> None:
    missing = dict.fromkeys(["synapse.events", "synapse.dead", "synapse-dead", *QUEUES], "missing")
    assert whats(drift.examine(connection, QUEUES, kind)) == missing
    assert whats(drift.examine(connection, QUEUES, kind)) == missing  # looking declares nothing
    assert drift.ensure(connection, QUEUES, kind) == []
    assert drift.examine(connection, QUEUES, kind) == []


def test_a_queue_with_other_arguments_is_named_with_the_argument_and_replaced_only_when_asked(connection: kombu.Connection) -> None:
    old_queue(connection)
    (found,) = drift.ensure(connection, QUEUES)
    assert (found.name, found.what) == ("synapse-test", "differs")
    assert "x-max-priority" in found.detail
    assert whats(drift.examine(connection, QUEUES)) == {"synapse-test": "differs"}
    assert whats(drift.replace(connection, QUEUES)) == {"synapse-test": "differs"}
    assert drift.examine(connection, QUEUES) == []


def test_an_exchange_of_another_type_is_replaced_with_what_was_bound_to_it(connection: kombu.Connection) -> None:
    kombu.Exchange("synapse.dead", type="direct", durable=True)(connection.channel()).declare()
    assert whats(drift.ensure(connection, QUEUES))["synapse.dead"] == "differs"
    drift.replace(connection, QUEUES)
    assert drift.examine(connection, QUEUES) == []


def test_a_dead_letter_exchange_that_leads_nowhere_is_found(connection: kombu.Connection) -> None:
    drift.ensure(connection, QUEUES)
    connection.channel().queue_unbind("synapse-dead", exchange="synapse.dead", routing_key="")
    assert whats(drift.examine(connection, QUEUES)) == {"synapse.dead": "unbound"}
    drift.ensure(connection, QUEUES)
    assert drift.examine(connection, QUEUES) == []
    until(lambda: Queue("synapse-dead")(connection.channel()).get(no_ack=True) is None, "no probe stays")


def test_workers_of_this_version_run_on_the_queues_of_an_older_one(
    client: Client, workers: WorkerProcesses, connection: kombu.Connection
) -> None:
    old_queue(connection)
    workers.start("-Q", "synapse-test,synapse-logger")
    run = client.begin(FAN_OUT, {"things": ["plain-1", "plain-2"]})
    assert client.ended(run).state == "succeeded"
    assert set(client.column("hints")) == {0}
    assert "topology.differs" in workers.started[0].log.read_text()


def test_queues_are_replaced_under_a_worker_that_goes_on_with_the_new_ones(
    client: Client, workers: WorkerProcesses, connection: kombu.Connection
) -> None:
    old_queue(connection)
    workers.start("-Q", "synapse-test,synapse-logger")
    assert client.ended(client.begin(FAN_OUT, {"things": ["plain-1"]})).state == "succeeded"
    drift.replace(connection, QUEUES)
    assert client.ended(client.begin(FAN_OUT, {"things": ["plain-1"]})).state == "succeeded"
    assert drift.examine(connection, QUEUES) == []


def test_looking_leaves_no_dead_letter_where_they_are_recorded(
    client: Client, workers: WorkerProcesses, connection: kombu.Connection
) -> None:
    workers.start("-Q", "synapse-test,synapse-logger")
    for _ in range(3):
        assert drift.examine(connection, QUEUES) == []
    connection.Producer().publish({"run": "r", "step": "s"}, routing_key="synapse-test", serializer="json")
    letters = client.runtime.database.dead_letters
    until(letters.count, "the letter that came after the probes is recorded")
    assert letters.count() == 1


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_what_is_given_up_is_in_the_dead_letter_queue(connection: kombu.Connection, kind: Any) -> None:
    drift.ensure(connection, QUEUES, kind)
    channel = connection.channel()
    channel.confirm_select()
    channel.basic_publish_confirm(amqp.Message(b"x"), routing_key="synapse-test", mandatory=True)
    taken: Any = until(lambda: Queue("synapse-test")(channel).get(), "it is there")
    taken.reject()
    dead: Any = until(lambda: Queue("synapse-dead")(channel).get(no_ack=True), "it died")
    assert bytes(dead.body) == b"x"
    assert dead.headers["x-death"][0]["queue"] == "synapse-test"


def test_a_quorum_queue_keeps_a_letter_until_there_is_a_queue_for_it(connection: kombu.Connection, rabbitmq: RabbitMQ) -> None:
    # How long the broker waits before it tries again: three minutes by default.
    rabbitmq.evaluate("application:set_env(rabbit, dead_letter_worker_publisher_confirm_timeout, 500)")
    drift.ensure(connection, QUEUES, "quorum")
    channel = connection.channel()
    channel.queue_delete("synapse-dead")
    channel.confirm_select()
    channel.basic_publish_confirm(amqp.Message(b"kept"), routing_key="synapse-test", mandatory=True)
    taken: Any = until(lambda: Queue("synapse-test")(channel).get(), "it is there")
    taken.reject()
    drift.ensure(connection, QUEUES, "quorum")
    dead: Any = until(lambda: Queue("synapse-dead")(channel).get(no_ack=True), "it is kept until then")
    assert bytes(dead.body) == b"kept"


def test_a_quorum_queue_gives_a_message_up_that_was_delivered_too_often(connection: kombu.Connection) -> None:
    drift.ensure(connection, QUEUES, "quorum")
    channel = connection.channel()
    channel.confirm_select()
    channel.basic_publish_confirm(amqp.Message(b"deadly"), routing_key="synapse-test", mandatory=True)
    for _ in range(topology.DELIVERY_LIMIT + 1):
        taken: Any = until(lambda: Queue("synapse-test")(channel).get(), "it comes again")
        taken.requeue()
    dead: Any = until(lambda: Queue("synapse-dead")(channel).get(no_ack=True), "it died")
    assert dead.headers["x-death"][0]["reason"] == "delivery_limit"


def test_a_message_of_higher_priority_overtakes_the_others(connection: kombu.Connection) -> None:
    drift.ensure(connection, QUEUES)
    channel = connection.channel()
    channel.confirm_select()
    for priority in (1, 5, 9, 5, 1):
        channel.basic_publish_confirm(amqp.Message(str(priority), priority=priority), routing_key="synapse-test", mandatory=True)
    taken = [int(Queue("synapse-test")(channel).get(no_ack=True).body) for _ in range(5)]
    assert taken == [9, 5, 5, 1, 1]
