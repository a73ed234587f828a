"""Messages leave after the commit: hints to the agents' queues, events to the topic exchange.

Losing a hint is harmless (the reconciler finds the step), so publishing never fails a step: it reports what the broker
did not confirm, and that is all. On AMQP all messages of one call go out on one channel, and one wait covers their confirms.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import kombu
import structlog
from kombu.transport.memory import Transport as MemoryTransport

from synapse.contracts.messages import Event
from synapse.engine import messages, topology
from synapse.settings import BrokerSettings
from synapse.state.records import Hint

_log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """Sends hints and events. Thread-safe."""

    def hints(self, hints: Sequence[Hint]) -> int:
        """Send them; how many the broker took."""

    def events(self, events: Sequence[Event]) -> int:
        """Send them; how many the broker took."""

    def close(self) -> None:
        """Close every connection."""


class Refused(Exception):
    """The broker did not take a message."""


class AmqpPublisher:
    """Publisher over RabbitMQ: a connection and a confirming channel for each thread that publishes."""

    def __init__(self, url: str, queues: Iterable[str], confirm_timeout: float = 10.0, queue_type: topology.QueueType = "classic") -> None:
        self._url = url
        self._queue_type = queue_type
        self._queues = tuple(queues)
        self._timeout = confirm_timeout
        self._local = threading.local()
        self._all: list[_Channel] = []

    def hints(self, hints: Sequence[Hint]) -> int:
        """Send hints to the queues of their agents, unroutable ones reported."""
        return self._send("hints", hints, _Channel.hint)

    def events(self, events: Sequence[Event]) -> int:
        """Send events to the topic exchange as plain JSON."""
        return self._send("events", events, _Channel.event)

    def _send(self, what: str, things: Sequence[Any], send: Callable[[_Channel, Any], None]) -> int:
        if not things:
            return 0
        for last in (False, True):
            held: _Channel | None = getattr(self._local, "channel", None)
            try:
                if held is None:
                    held = self._local.channel = _Channel(self._url, self._queues, self._queue_type)
                    self._all.append(held)
                for thing in things:
                    send(held, thing)
                return len(things) - held.wait(self._timeout)
            except (OSError, Refused, *kombu.Connection(self._url).connection_errors, *kombu.Connection(self._url).channel_errors) as error:
                self._drop(held)
                if last:
                    _log.warning("publish.failed", what=what, count=len(things), error=repr(error))
        return 0

    def _drop(self, held: _Channel | None) -> None:
        self._local.channel = None
        if held is not None:
            held.close()
            if held in self._all:
                self._all.remove(held)

    def close(self) -> None:
        """Close every thread's connection."""
        for channel in self._all:
            channel.close()
        self._all.clear()
        self._local = threading.local()


class _Channel:
    """One connection, one channel, confirms counted as they come."""

    def __init__(self, url: str, queues: Sequence[str], queue_type: topology.QueueType) -> None:
        self.connection = kombu.Connection(url, connect_timeout=5, heartbeat=0)
        self.channel = self.connection.channel()
        topology.declare(self.channel, queues, queue_type)
        self.channel.confirm_select()
        self.channel.events["basic_ack"].add(self._on_ack)
        self.channel.events["basic_nack"].add(self._on_nack)
        self.channel.events["basic_return"].add(self._on_return)
        self.sent = self.confirmed = self.returned = 0
        self.refused = False
        self._early: set[int] = set()

    def hint(self, hint: Hint) -> None:
        message = self.channel.prepare_message(
            messages.body(hint), 0, "application/json", "utf-8", messages.headers(hint), messages.properties(hint)
        )
        # A queue that is not there would swallow the message in silence; `mandatory` has it returned.
        self.channel.basic_publish(message, "", messages.queue(hint), mandatory=True)
        self.sent += 1

    def event(self, event: Event) -> None:
        headers = {"run": event.run, "seq": event.seq, "schema_version": event.schema_version}
        properties = {"delivery_mode": 2, "message_id": f"{event.run}:{event.seq}", "type": event.type.value}
        message = self.channel.prepare_message(event.model_dump_json(), 0, "application/json", "utf-8", headers, properties)
        self.channel.basic_publish(message, topology.EVENTS.name, event.routing_key)
        self.sent += 1

    def wait(self, timeout: float) -> int:
        """Wait until everything sent is confirmed; how many came back unroutable. Raises Refused on a nack."""
        while self.confirmed < self.sent and not self.refused:
            self.connection.drain_events(timeout=timeout)
        if self.refused:
            raise Refused
        returned, self.returned = self.returned, 0
        return returned

    def _on_ack(self, tag: int, multiple: bool) -> None:
        # Confirms may come out of order; `confirmed` is how far they are complete.
        if multiple:
            self.confirmed = max(self.confirmed, tag)
            self._early = {early for early in self._early if early > self.confirmed}
        else:
            self._early.add(tag)
        while self.confirmed + 1 in self._early:
            self.confirmed += 1
            self._early.remove(self.confirmed)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self.refused = True

    def _on_return(self, *details: Any) -> None:
        self.returned += 1
        _log.warning("publish.unroutable", details=repr(details[:4])[:200])

    def close(self) -> None:
        try:
            self.connection.close()
        except Exception as error:  # closing what is broken may fail in any way, and nothing depends on it
            _log.debug("publish.close", error=repr(error))


class MemoryPublisher:
    """Publisher within this process, over kombu's memory transport."""

    def __init__(self, queues: Iterable[str]) -> None:
        self._lock = threading.Lock()
        self._connection = kombu.Connection("localhost", transport=MemoryTransport)
        self._channel = self._connection.channel()
        topology.declare(self._channel, queues)
        topology.event_log_queue()(self._channel).declare()

    def hints(self, hints: Sequence[Hint]) -> int:
        """Put hints in their queues."""
        with self._lock:
            for hint in hints:
                message = self._channel.prepare_message(
                    messages.body(hint), 0, "application/json", "utf-8", messages.headers(hint), messages.properties(hint)
                )
                self._channel.basic_publish(message, "", messages.queue(hint))
        return len(hints)

    def events(self, events: Sequence[Event]) -> int:
        """Put events on the topic exchange."""
        with self._lock:
            for event in events:
                message = self._channel.prepare_message(event.model_dump_json(), 0, "application/json", "utf-8", {}, {"delivery_mode": 2})
                self._channel.basic_publish(message, topology.EVENTS.name, event.routing_key)
        return len(events)

    def close(self) -> None:
        """Close the channel."""
        self._connection.close()


def open_publisher(settings: BrokerSettings, queues: Iterable[str]) -> Publisher:
    """The publisher for the broker that the settings name."""
    if settings.embedded:
        return MemoryPublisher(queues)
    return AmqpPublisher(settings.url, queues, settings.confirm_timeout, settings.queue_type)
