"""Exchanges and queues, in one place: workers, publishers and tests declare these and no others."""

from __future__ import annotations

from kombu import Exchange, Queue

EVENTS = Exchange("synapse.events", type="topic", durable=True)
DEAD = Exchange("synapse.dead", type="fanout", durable=True)

# Below RabbitMQ 4's own limit of 20, so that a message that kills its consumers ends where it can be looked at.
DELIVERY_LIMIT = 10


def step_queue(name: str) -> Queue:
    """The queue of one agent module: replicated, and what it cannot deliver goes to the dead-letter exchange."""
    return Queue(
        name,
        Exchange("", type="direct"),
        routing_key=name,
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD.name,
        },
    )


def dead_queue() -> Queue:
    """Where undeliverable messages wait to be looked at."""
    return Queue("synapse-dead", DEAD, durable=True, queue_arguments={"x-queue-type": "quorum"})


def event_log_queue() -> Queue:
    """Every event of every run, for the logger agent."""
    return Queue("synapse-events", EVENTS, routing_key="#", durable=True, queue_arguments={"x-queue-type": "quorum"})
