"""Exchanges and queues, in one place: workers, publishers and tests declare these and no others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from kombu import Exchange, Queue

QueueType = Literal["classic", "quorum"]

EVENTS = Exchange("synapse.events", type="topic", durable=True)
DEAD = Exchange("synapse.dead", type="fanout", durable=True)

# Below RabbitMQ 4's own limit of 20, so that a message that kills its consumers ends where it can be looked at.
DELIVERY_LIMIT = 10


def step_queue(name: str, kind: QueueType = "classic") -> Queue:
    """The queue of one agent module; what it cannot deliver goes to the dead-letter exchange."""
    return _queue(name, Exchange("", type="direct"), name, kind)


def event_log_queue(kind: QueueType = "classic") -> Queue:
    """Every event of every run, for the logger agent."""
    return _queue("synapse-events", EVENTS, "#", kind)


def dead_letter_queue(kind: QueueType = "classic") -> Queue:
    """What other queues gave up. It is declared by whoever publishes, for a letter without a queue to go to is gone."""
    return Queue("synapse-dead", DEAD, durable=True, queue_arguments={"x-queue-type": kind})


def _queue(name: str, exchange: Exchange, routing_key: str, kind: QueueType) -> Queue:
    arguments: dict[str, Any] = {"x-queue-type": kind, "x-dead-letter-exchange": DEAD.name}
    if kind == "quorum":
        arguments["x-delivery-limit"] = DELIVERY_LIMIT
    return Queue(name, exchange, routing_key=routing_key, durable=True, queue_arguments=arguments)


def declare(channel: Any, queues: Iterable[str], kind: QueueType = "classic") -> None:
    """Declare everything that messages of these queues need; harmless when repeated.

    Raises the channel's error when a queue is there with other arguments.
    """
    for exchange in (EVENTS, DEAD):
        exchange(channel).declare()
    for queue in (dead_letter_queue(kind), *(step_queue(name, kind) for name in queues)):
        queue(channel).declare()
