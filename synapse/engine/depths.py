"""How many messages and consumers queues have, by the broker's own count. AMQP tells both to whoever declares a queue passively."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from amqp.exceptions import NotFound

from synapse.engine.broker import let_in


@dataclass(frozen=True)
class Depth:
    """Messages that wait for delivery, and who takes them."""

    messages: int
    consumers: int


def depths(url: str, names: Iterable[str]) -> dict[str, Depth]:
    """Of each queue that is there. Raises Unavailable."""
    found = {}
    with let_in(url) as connection:
        channel = connection.channel()
        for name in names:
            try:
                _, messages, consumers = channel.queue_declare(queue=name, passive=True)
            except NotFound:
                channel = connection.channel()  # the broker has closed the other
                continue
            found[name] = Depth(messages, consumers)
    return found
