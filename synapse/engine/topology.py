"""Exchanges and queues, in one place: workers, publishers, the command and tests declare these and no others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from kombu import Exchange, Queue

from synapse.contracts.inbox import INBOX

QueueType = Literal["classic", "quorum"]

EVENTS = Exchange("synapse.events", type="topic", durable=True)
DEAD = Exchange("synapse.dead", type="fanout", durable=True)

# Below RabbitMQ 4's own limit of 20, so that a message that kills its consumers ends where it can be looked at.
DELIVERY_LIMIT = 10
# A dead letter goes nowhere when it is given up: one whose consumer waits for the database must not be, as RabbitMQ 4 would.
_NO_LIMIT = 1_000_000
# A classic queue has a queue inside for each priority. Quorum queues refuse the argument: on RabbitMQ 4 they know two priorities,
# up to 4 and above, without being told, and on 3.10 none.
MAX_PRIORITY = 9
OUTCOMES = "synapse-inbox-outcomes"
LATER = "synapse-inbox-later"
LOOK_MS = 1_000
"""How often it is looked whether a run has ended whose sender waits for that."""
LONGEST_STEP = 86_400
"""Seconds: the hard limit of any step, Celery's and the definition's."""
# RabbitMQ closes the channel of a consumer that holds a message for longer than this, by default half an hour. It listens to the
# argument from 3.12 on; before, the broker's own consumer_timeout counts.
CONSUMER_TIMEOUT_MS = (LONGEST_STEP + 3_600) * 1000


def step_queue(name: str, kind: QueueType = "classic") -> Queue:
    """The queue of one agent module; what it cannot deliver goes to the dead-letter exchange."""
    more: dict[str, Any] = {"x-consumer-timeout": CONSUMER_TIMEOUT_MS}
    if kind == "classic":
        more["x-max-priority"] = MAX_PRIORITY
    return _queue(name, Exchange("", type="direct"), name, kind, more)


def event_log_queue(kind: QueueType = "classic") -> Queue:
    """Every event of every run, for the logger agent. Only its consumer declares it: without one it would grow for ever."""
    return _queue("synapse-events", EVENTS, "#", kind, {})


def inbox_queue(kind: QueueType = "classic") -> Queue:
    """Where any program puts what starts a run. Declared by its consumer, that is where the inbox is on."""
    return _queue(INBOX, Exchange("", type="direct"), INBOX, kind, {})


def outcome_queue(kind: QueueType = "classic") -> Queue:
    """Runs whose sender waits for their end, each looked at when it comes by."""
    return _queue(OUTCOMES, Exchange("", type="direct"), OUTCOMES, kind, {})


def later_queue(kind: QueueType = "classic") -> Queue:
    """Where they wait meanwhile: nobody consumes it, and what is old enough goes to the other."""
    arguments = {"x-queue-type": kind, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": OUTCOMES, "x-message-ttl": LOOK_MS}
    return Queue(LATER, Exchange("", type="direct"), LATER, durable=True, queue_arguments=arguments)


def dead_letter_queue(kind: QueueType = "classic") -> Queue:
    """What other queues gave up. It is declared by whoever publishes, for a letter without a queue to go to is gone."""
    arguments: dict[str, Any] = {"x-queue-type": kind}
    if kind == "quorum":
        arguments["x-delivery-limit"] = _NO_LIMIT
    return Queue("synapse-dead", DEAD, durable=True, queue_arguments=arguments)


def _queue(name: str, exchange: Exchange, routing_key: str, kind: QueueType, more: dict[str, Any]) -> Queue:
    arguments: dict[str, Any] = {"x-queue-type": kind, "x-dead-letter-exchange": DEAD.name, **more}
    if kind == "quorum":
        arguments["x-delivery-limit"] = DELIVERY_LIMIT
        # A quorum queue keeps a letter until the queue behind the exchange has it, and for that may drop none of its own.
        arguments |= {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
    return Queue(name, exchange, routing_key=routing_key, durable=True, queue_arguments=arguments)


def everything(queues: Iterable[str], kind: QueueType = "classic") -> list[Exchange | Queue]:
    """What messages of these queues need, in the order to declare it."""
    return [EVENTS, DEAD, dead_letter_queue(kind), *(step_queue(name, kind) for name in queues)]


def declare(channel: Any, queues: Iterable[str], kind: QueueType = "classic") -> None:
    """Declare everything that messages of these queues need; harmless when repeated.

    Raises the channel's error when a queue is there with other arguments.
    """
    for each in everything(queues, kind):
        each(channel).declare()
