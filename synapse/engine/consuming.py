"""The consuming connection without detours: the same bytes are read and written, in fewer calls.

A message costs py-amqp and kombu's hub nine reads, a dozen changes of the socket's mode and four rounds of the hub; a worker spent more
of its interpreter on that than on its steps. See decision 0013. Names of py-amqp and kombu that are private here are few, and each is
left alone where it is not what it was: that costs speed, not messages.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from amqp.transport import TCPTransport
from celery import bootsteps

_READ_AHEAD: Final = 65_536
_ACK: Final = Struct(">BHIHHQBB")
_METHOD, _BASIC, _ACKNOWLEDGE, _END = 1, 60, 80, 0xCE
_PAYLOAD: Final = 13
"""Bytes of an acknowledgement's payload: class, method, tag, and whether earlier ones are meant too."""


class ReadAheadStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery is untyped
    """Has a plain TCP connection read whatever is there in one call; TLS has a buffer of its own."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, parent: Any) -> None:
        """Before anything is consumed: the hub keeps the way it reads first."""
        connection = getattr(parent.connection, "connection", None)
        if connection is not None and isinstance(getattr(connection, "transport", None), TCPTransport):
            connection.drain_events = Reads(connection).drain


class AckStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery is untyped
    """Has the consuming channel write its acknowledgements as they are, without a serializer and a promise for each."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, parent: Any) -> None:
        """Once the channel is there, of a broker that speaks AMQP."""
        channel = parent.task_consumer.channel
        if hasattr(getattr(channel, "connection", None), "frame_writer"):
            channel.basic_ack = acknowledging(channel)


class Reads:
    """Reads of a connection that the hub calls when its socket is readable."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._theirs: Callable[..., Any] = connection.drain_events
        self._transport = connection.transport
        self._receive = self._transport.sock.recv
        self._flags = 0
        self._dry = False
        self._transport._quick_recv = self._recv

    def drain(self, timeout: float | None = None) -> Any:
        """As py-amqp's; with no time at all, the hub's way, everything that is there. Raises TimeoutError when that is all."""
        if timeout != 0:
            return self._theirs(timeout=timeout)
        self._dry = False
        while self._connection.connected:
            self._connection.on_inbound_frame(self._frame())
        raise TimeoutError

    def _frame(self) -> Any:
        self._flags = socket.MSG_DONTWAIT
        try:
            return self._transport.read_frame()
        finally:
            self._flags = 0

    def _recv(self, size: int) -> bytes:
        if self._dry and self._flags:
            # The last read took all there was: the hub tells of more. Only this once, for it may be in the middle of a frame.
            self._dry = False
            raise BlockingIOError(errno.EAGAIN, "nothing more is there")
        data: bytes = self._receive(max(size, _READ_AHEAD), self._flags)
        self._dry = len(data) < _READ_AHEAD
        return data


def acknowledging(channel: Any) -> Callable[..., Any]:
    """The channel's `basic_ack`, the bytes made here; py-amqp's own where the connection is gone, for it says so."""
    theirs: Callable[..., Any] = channel.basic_ack

    def basic_ack(delivery_tag: int, multiple: bool = False, argsig: str = "Lb") -> Any:
        transport = getattr(channel.connection, "transport", None)
        if transport is None:
            return theirs(delivery_tag, multiple, argsig)
        return transport.write(ack(channel.channel_id, delivery_tag, multiple=multiple))

    return basic_ack


def ack(channel: int, tag: int, *, multiple: bool) -> bytes:
    """A basic.ack as a frame of AMQP 0-9-1."""
    return _ACK.pack(_METHOD, channel, _PAYLOAD, _BASIC, _ACKNOWLEDGE, tag, multiple, _END)
