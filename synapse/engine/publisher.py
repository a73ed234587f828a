"""Messages leave after the commit: hints to the agents' queues, events to the topic exchange.

Losing a hint is harmless (the reconciler finds the step), so publishing never fails a step: it reports what the broker
did not confirm, and that is all. On AMQP all messages of one call go out on one channel, and one wait covers their confirms;
a worker does not even wait for that one, but collects the confirms when it publishes next, and sends again what a broken
connection left unconfirmed. A broker that cannot take messages is not waited for: one that has raised its alarm says so, and is
asked again only once it says that the alarm is over; one that is silent is left alone for a while.
"""

from __future__ import annotations

import select
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any, Protocol

import kombu
import structlog
from kombu.exceptions import OperationalError

from synapse.contracts.messages import Event
from synapse.engine import drift, messages, topology
from synapse.engine.frames import Publication
from synapse.faults import reach
from synapse.settings import BrokerSettings
from synapse.state.records import Hint

_log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """Sends hints and events. Thread-safe."""

    def hints(self, hints: Sequence[Hint], *, wait: bool = True) -> int:
        """Send them; how many the broker took, or was sent when there is no ``wait`` for its confirms."""

    def events(self, events: Sequence[Event]) -> int:
        """Send them; how many the broker took."""

    def again(self, publications: Sequence[Publication]) -> int:
        """Send messages as they are; how many the broker took."""

    def close(self) -> None:
        """Close every connection."""


_COLLECT_FROM = 16
"""Fewer confirms than this are not worth the system calls to read them."""
_MOST_OUTSTANDING = 256
"""Confirms that may be left for later; beyond it even a worker waits."""
_CONNECT_SECONDS = 5.0
_SAY_EVERY = 60.0
"""Seconds between two lines about an outage that lasts; every call of every thread meets it."""


class Refused(Exception):
    """The broker did not take a message."""


class Blocked(Exception):
    """The broker has raised its alarm for memory or disk, and takes nothing from whoever publishes."""


class AmqpPublisher:
    """Publisher over RabbitMQ: a connection and a confirming channel for each thread that publishes."""

    def __init__(self, url: str, queues: Iterable[str], confirm_timeout: float = 10.0, queue_type: topology.QueueType = "classic") -> None:
        self._url = url
        self._queue_type = queue_type
        self._queues = tuple(queues)
        self._timeout = confirm_timeout
        self._local = threading.local()
        self._all: list[_Channel] = []
        self._silent_until = 0.0
        self._outage = _Outage()
        connection = kombu.Connection(url)
        self._errors = (OSError, Refused, OperationalError, *connection.connection_errors, *connection.channel_errors)

    def hints(self, hints: Sequence[Hint], *, wait: bool = True) -> int:
        """Send hints to the queues of their agents, unroutable ones reported."""
        return self._send([messages.of_hint(hint) for hint in hints], wait=wait)

    def events(self, events: Sequence[Event]) -> int:
        """Send events to the topic exchange as plain JSON."""
        return self._send([messages.of_event(event) for event in events], wait=True)

    def again(self, publications: Sequence[Publication]) -> int:
        """Send messages as they are, unroutable ones reported."""
        return self._send(publications, wait=True)

    def _send(self, things: Sequence[Publication], *, wait: bool) -> int:
        if not things or monotonic() < self._silent_until:
            return 0
        todo = deque(things)
        for last in (False, True):
            held: _Channel | None = getattr(self._local, "channel", None)
            try:
                if held is None:
                    held = self._local.channel = _Channel(self._url, self._queues, self._queue_type, self._timeout)
                    self._all.append(held)
                held.send(todo)
                # What came back may be of an earlier call that did not wait.
                if not wait and held.outstanding < _COLLECT_FROM:
                    return len(things)
                untaken = held.settle(self._timeout if wait or held.outstanding > _MOST_OUTSTANDING else 0)
                self._outage.over()
                return max(0, len(things) - untaken)
            except Blocked:
                # What it was sent it may take when the alarm is over, though nobody waits for that.
                return 0
            except self._errors as error:
                # What was not confirmed is sent again, by this call or by nobody: a hint that arrives twice does nothing twice.
                todo = deque([*held.unconfirmed(), *todo]) if held is not None else todo
                silent = isinstance(error.__cause__ or error, TimeoutError)
                self._drop(held, goodbye=not silent)
                if last:
                    if silent:
                        # Every call would wait as long for the same answer: meanwhile the reconciler is who tries.
                        self._silent_until = monotonic() + self._timeout
                    self._outage.met(len(todo), error)
        return 0

    def _drop(self, held: _Channel | None, *, goodbye: bool) -> None:
        self._local.channel = None
        if held is not None:
            held.close(goodbye=goodbye)
            if held in self._all:
                self._all.remove(held)

    def close(self) -> None:
        """Close every thread's connection."""
        for channel in self._all:
            channel.close()
        self._all.clear()
        self._local = threading.local()


class _Outage:
    """Says that messages could not be sent when that begins, now and then while it lasts, and when it is over.

    Threads meet it together and take no lock: at worst two of them say the same.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._unsent = 0
        self._said = 0.0

    def met(self, unsent: int, error: Exception) -> None:
        """So many messages could not be sent."""
        now = monotonic()
        self._unsent += unsent
        if self._since is None or now - self._said >= _SAY_EVERY:
            self._since, self._said = self._since or now, now
            _log.warning("publish.failed", unsent=self._unsent, seconds=round(now - self._since, 1), error=repr(error))

    def over(self) -> None:
        """Messages could be sent."""
        since = self._since
        if since is not None:
            unsent, self._since, self._unsent = self._unsent, None, 0
            _log.info("publish.recovered", unsent=unsent, seconds=round(monotonic() - since, 1))


class _Channel:
    """One connection, one channel, confirms counted as they come."""

    def __init__(self, url: str, queues: Sequence[str], queue_type: topology.QueueType, timeout: float) -> None:
        self.blocked = False
        told = {"on_blocked": self._on_blocked, "on_unblocked": self._on_unblocked}
        self.connection = kombu.Connection(url, connect_timeout=min(_CONNECT_SECONDS, timeout), heartbeat=0, transport_options=told)
        try:
            # Each broker of the URL once: before a second round kombu would sleep two seconds.
            self.connection.ensure_connection(max_retries=url.count(";"))
            # A broker that has raised its alarm reads nothing from whoever published, not even a goodbye; one that is cut off, too.
            self.connection.connection.sock.settimeout(timeout)
            drift.ensure(self.connection, queues, queue_type)
            self.channel = self.connection.channel()
            self.channel.confirm_select()
        except BaseException:
            # Nobody else knows of it yet: each further try would leave one more connection behind.
            self.close()
            raise
        self.channel.events["basic_ack"].add(self._on_ack)
        self.channel.events["basic_nack"].add(self._on_nack)
        self.channel.events["basic_return"].add(self._on_return)
        self.sent = self.confirmed = self.returned = 0
        self.refused = False
        self._early: set[int] = set()
        self._waiting: deque[Publication] = deque()

    @property
    def outstanding(self) -> int:
        """How many messages are not confirmed yet."""
        return self.sent - self.confirmed

    def send(self, todo: deque[Publication]) -> None:
        """Send messages, in one write, and take them off ``todo``; they count as outstanding until `settle` meets their confirms.

        Raises Blocked, with nothing sent, while the broker's alarm lasts.
        """
        if self.blocked and not self._over():
            raise Blocked
        connection, channel = self.connection.connection, self.channel.channel_id
        queue = todo[0].routing_key if todo else ""
        data = b"".join([each.frames(channel, connection.frame_max) for each in todo])
        self.sent += len(todo)
        self._waiting.extend(todo)
        todo.clear()
        connection.transport.write(data)
        reach("in-publish", queue)

    def unconfirmed(self) -> list[Publication]:
        """What was sent here and may have been lost."""
        self._forget()
        return list(self._waiting)

    def _forget(self) -> None:
        for _ in range(len(self._waiting) - self.outstanding):
            self._waiting.popleft()

    def settle(self, timeout: float) -> int:
        """Wait at most ``timeout`` seconds for outstanding confirms, with 0 only collect what is there.

        Returns how many messages came back unroutable. Raises Refused on a nack, TimeoutError when confirms stay out, Blocked when the
        broker says that it has raised its alarm: none would come before that is over.
        """
        while self.outstanding and not self.refused and not self.blocked:
            if not timeout and not self._readable():
                break
            self.connection.drain_events(timeout=timeout or None)
        if self.refused:
            raise Refused
        if self.blocked:
            raise Blocked
        self._forget()
        returned, self.returned = self.returned, 0
        return returned

    def _readable(self) -> bool:
        return bool(select.select([self.connection.connection.sock], [], [], 0)[0])

    def _over(self) -> bool:
        """Whether the alarm is over: the broker says so when it is."""
        while self.blocked and self._readable():
            self.connection.drain_events()
        return not self.blocked

    def _on_blocked(self, reason: str) -> None:
        self.blocked = True
        _log.warning("publish.blocked", reason=reason)

    def _on_unblocked(self) -> None:
        self.blocked = False
        _log.info("publish.unblocked")

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

    def close(self, *, goodbye: bool = True) -> None:
        """Close the connection; without a goodbye where nobody would answer it."""
        try:
            if goodbye and not self.blocked:
                self.connection.close()
            else:
                self.connection.collect()
        except Exception as error:  # closing what is broken may fail in any way, and nothing depends on it
            _log.debug("publish.close", error=repr(error))


class MemoryPublisher:
    """Publisher within this process, over kombu's memory transport."""

    def __init__(self, queues: Iterable[str]) -> None:
        self._lock = threading.Lock()
        self._connection = kombu.Connection("memory://localhost/")
        self._channel = self._connection.channel()
        topology.declare(self._channel, queues)
        topology.event_log_queue()(self._channel).declare()

    def hints(self, hints: Sequence[Hint], *, wait: bool = True) -> int:
        """Put hints in their queues."""
        with self._lock:
            for hint in hints:
                self._put(messages.of_hint(hint))
        return len(hints)

    def events(self, events: Sequence[Event]) -> int:
        """Put events on the topic exchange."""
        with self._lock:
            for event in events:
                self._put(messages.of_event(event))
        return len(events)

    def again(self, publications: Sequence[Publication]) -> int:
        """Put messages where they belong."""
        with self._lock:
            for publication in publications:
                self._put(publication)
        return len(publications)

    def _put(self, publication: Publication) -> None:
        properties = dict(publication.properties)
        kind, encoding, headers = (properties.pop(name, None) for name in ("content_type", "content_encoding", "headers"))
        message = self._channel.prepare_message(publication.body, 0, kind, encoding, headers, properties)
        self._channel.basic_publish(message, publication.exchange, publication.routing_key)

    def close(self) -> None:
        """Close the channel."""
        self._connection.close()


def open_publisher(settings: BrokerSettings, queues: Iterable[str]) -> Publisher:
    """The publisher for the broker that the settings name."""
    if settings.embedded:
        return MemoryPublisher(queues)
    return AmqpPublisher(settings.url, queues, settings.confirm_timeout, settings.queue_type)
