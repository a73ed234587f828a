"""RabbitMQ as far as a publisher sees it: a connection, its channel, and the frames that come back in whatever order."""

from __future__ import annotations

import select
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator
from struct import unpack_from
from types import SimpleNamespace
from typing import Any

from amqp.basic_message import Message
from amqp.exceptions import ChannelError, ConnectionError, NotFound, PreconditionFailed
from amqp.serialization import loads


class FakeChannel:
    """Numbers what is published, and keeps it open until the broker confirms it."""

    def __init__(self, broker: FakeBroker, connection: FakeConnection) -> None:
        self.broker, self.connection = broker, connection
        self.events: dict[str, set[Callable[..., None]]] = defaultdict(set)
        self.open: dict[int, dict[str, Any]] = {}
        self.channel_id = 1
        self.tag = 0
        self.confirming = False

    def exchange_declare(self, exchange: str, **options: Any) -> None:
        self.broker.declared.append(exchange)

    def queue_declare(self, queue: str, **options: Any) -> tuple[str, int, int]:
        if self.broker.refuses_queue == queue:
            raise PreconditionFailed("PRECONDITION_FAILED: it is there with other arguments", (50, 10), "406")
        self.broker.declared.append(queue)
        self.broker.queues.add(queue)
        return queue, 0, 0

    @staticmethod
    def prepare_queue_arguments(arguments: dict[str, Any], **options: Any) -> dict[str, Any]:
        return arguments

    def queue_bind(self, **options: Any) -> None:
        self.broker.declared.append(f"{options['exchange']} -> {options['queue']}")

    def close(self) -> None:
        """Of this one nothing is kept."""

    def confirm_select(self) -> None:
        self.confirming = True

    def write(self, data: bytes) -> None:
        """What the transport is given: the frames of any number of messages."""
        self.connection.check()
        for sent in published(data):
            self.connection.check()
            self.tag += 1
            self.open[self.tag] = sent
            self.broker.sent.append(sent)
            self.connection.arrived(1)
            if self.broker.breaks_after is not None and len(self.broker.sent) >= self.broker.breaks_after:
                self.broker.breaks_after = None
                self.connection.broken = True

    def tell(self, event: str, *details: Any) -> None:
        """A frame from the broker."""
        for callback in self.events[event]:
            callback(*details)

    def take(self, tag: int) -> None:
        """What becomes of one message: delivered, or returned when nobody could get it."""
        message = self.open.pop(tag)
        if message["mandatory"] and message["routing_key"] not in self.broker.queues:
            self.tell("basic_return", NotFound("NO_ROUTE"), message["exchange"], message["routing_key"], message)
        else:
            self.broker.delivered.append(message)


class FakeConnection:
    """One connection with one channel, and a socket that is readable while frames wait."""

    connection_errors = (ConnectionError,)
    channel_errors = (ChannelError,)

    def __init__(self, broker: FakeBroker, told: dict[str, Callable[..., None]] | None = None) -> None:
        self.broker, self.told = broker, told or {}
        self.broken = self.closed = self.said_goodbye = self.alarmed = False
        self.made: FakeChannel | None = None
        self._far, near = socket.socketpair()
        near.setblocking(False)
        self.connection = SimpleNamespace(sock=near, frame_max=4096, transport=SimpleNamespace(write=self._write))

    def ensure_connection(self, max_retries: int) -> None:
        if self not in self.broker.connections:
            self.broker.connections.append(self)
        self.check()

    def channel(self) -> FakeChannel:
        if self not in self.broker.connections:
            self.broker.connections.append(self)
        self.check()
        self.made = FakeChannel(self.broker, self)
        return self.made

    def check(self) -> None:
        if self.broken or self.broker.away:
            raise ConnectionError("connection reset by peer")

    def _write(self, data: bytes) -> None:
        assert self.made is not None
        self.made.write(data)

    def arrived(self, frames: int) -> None:
        if self.broker.answer is not None:
            self._far.send(b"." * frames)

    def drain_events(self, timeout: float | None = None) -> None:
        self.check()
        assert self.made is not None
        if self.broker.alarm is not self.alarmed:
            self.alarmed = self.broker.alarm
            if select.select([self.connection.sock], [], [], 0)[0]:
                self.connection.sock.recv(1)
            if self.alarmed:
                self.told["on_blocked"]("low on memory")
            else:
                self.told["on_unblocked"]()
            return
        if self.broker.answer is None or not self.made.open:
            raise TimeoutError("timed out")
        before = len(self.made.open)
        self.broker.answer(self.made)
        self.connection.sock.recv(before - len(self.made.open))

    def collect(self) -> None:
        self.closed = True
        self._far.close()
        self.connection.sock.close()

    def close(self) -> None:
        self.said_goodbye = True
        self.collect()


class FakeBroker:
    """Everything that was sent, what was delivered, and how the broker answers."""

    def __init__(self) -> None:
        self.connections: list[FakeConnection] = []
        self.declared: list[str] = []
        self.queues: set[str] = set()
        self.sent: list[dict[str, Any]] = []
        self.delivered: list[dict[str, Any]] = []
        self.answer: Callable[[FakeChannel], None] | None = ack_first
        self.away = False
        self.alarm = False
        self.breaks_after: int | None = None
        self.refuses_queue: str | None = None
        self._others: list[FakeConnection] = []

    def connect(self, url: str, **options: Any) -> FakeConnection:
        made = FakeConnection(self, options.get("transport_options", {}))
        self._others.append(made)
        return made

    def close(self) -> None:
        """Close the sockets that nobody else does: of connections that were only asked which errors they have."""
        for connection in self._others:
            connection.close()


def ack_first(channel: FakeChannel) -> None:
    """Confirm the oldest."""
    tag = min(channel.open)
    channel.take(tag)
    channel.tell("basic_ack", tag, False)


def ack_last(channel: FakeChannel) -> None:
    """Confirm the newest first."""
    tag = max(channel.open)
    channel.take(tag)
    channel.tell("basic_ack", tag, False)


def ack_all(channel: FakeChannel) -> None:
    """Confirm all at once."""
    last = max(channel.open)
    for tag in sorted(channel.open):
        channel.take(tag)
    channel.tell("basic_ack", last, True)


def ack_second_then_all(channel: FakeChannel) -> None:
    """Confirm one out of order, then everything with one frame."""
    tags = sorted(channel.open)
    if len(tags) > 2:
        channel.take(tags[1])
        channel.tell("basic_ack", tags[1], False)
    else:
        ack_all(channel)


def nack(channel: FakeChannel) -> None:
    """Refuse the oldest."""
    tag = min(channel.open)
    channel.open.pop(tag)
    channel.tell("basic_nack", tag, False)


def published(data: bytes) -> Iterator[dict[str, Any]]:
    """The messages in these frames, read by py-amqp's own decoder."""
    frames = list(_frames(data))
    while frames:
        method = frames.pop(0)
        assert (method[0], method[2][:4]) == (1, bytes((0, 60, 0, 40))), "basic.publish"
        (_, exchange, routing_key, mandatory, _), _ = loads("Bssbb", method[2], 4)
        header = frames.pop(0)
        assert header[0] == 2
        message = Message()
        message.inbound_header(header[2])
        while not message.ready:
            body = frames.pop(0)
            assert (body[0], body[1]) == (3, method[1])
            message.inbound_body(body[2])
        headers = message.properties.pop("application_headers", {})
        yield {
            **message.properties,
            "body": bytes(message.body).decode(),
            "headers": headers,
            "exchange": exchange,
            "routing_key": routing_key,
            "mandatory": mandatory,
        }


def _frames(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    while data:
        kind, channel, size = unpack_from(">BHI", data)
        assert data[7 + size] == 0xCE, "a frame ends where it says"
        yield kind, channel, data[7 : 7 + size]
        data = data[8 + size :]
