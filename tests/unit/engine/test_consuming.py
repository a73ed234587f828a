from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from amqp.method_framing import frame_writer
from amqp.serialization import dumps
from amqp.transport import TCPTransport
from hypothesis import given
from hypothesis import strategies as st

from synapse.engine.consuming import AckStep, ReadAheadStep, ack
from synapse.engine.frames import Publication
from tests.waiting import PATIENCE, until

FRAMES = Publication("", "q", b"hello", {"type": "greeting"}).frames(1, 131_072)
"""Three frames: a method, a header, a body."""


class Connection:
    """What the hub reads: a transport over a pair of sockets, and theirs is the drain that py-amqp has."""

    def __init__(self, transport: TCPTransport) -> None:
        self.transport = transport
        self.connected = True
        self.came: list[tuple[int, int, bytes]] = []
        self.last = -1

    def drain_events(self, timeout: float | None = None) -> str:
        return f"theirs, {timeout}"

    def on_inbound_frame(self, frame: Any) -> None:
        kind, channel, payload = frame
        self.came.append((kind, channel, bytes(payload)))
        if len(self.came) == self.last:
            self.connected = False


class Counted:
    """A socket that counts its reads."""

    def __init__(self, real: socket.socket) -> None:
        self.real = real
        self.asked: list[int] = []

    def recv(self, size: int, flags: int = 0) -> bytes:
        self.asked.append(size)
        return self.real.recv(size, flags)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection: the broker's, and the worker's."""
    pair = socket.socketpair()
    yield pair
    for each in pair:
        each.close()


@pytest.fixture
def broker(ends: tuple[socket.socket, socket.socket]) -> socket.socket:
    """The broker's end."""
    return ends[0]


@pytest.fixture
def counted(ends: tuple[socket.socket, socket.socket]) -> Counted:
    """The worker's end."""
    return Counted(ends[1])


@pytest.fixture
def connection(counted: Counted) -> Iterator[Connection]:
    """A connection whose socket waits, as a worker's does."""
    transport = TCPTransport("localhost:5672", connect_timeout=1)
    transport.sock = counted
    transport._read_buffer = b""
    transport._quick_recv = transport.sock.recv
    made = Connection(transport)
    ReadAheadStep(None).start(SimpleNamespace(connection=SimpleNamespace(connection=made)))
    yield made
    transport.sock = None


def drain(connection: Connection) -> list[tuple[int, int, bytes]]:
    """What a drain of everything that is there brings."""
    before = len(connection.came)
    with pytest.raises(TimeoutError):
        connection.drain_events(timeout=0)
    return connection.came[before:]


def test_all_frames_that_are_there_are_read_in_one_call(broker: socket.socket, connection: Connection, counted: Counted) -> None:
    broker.sendall(FRAMES * 5)
    assert [kind for kind, _, _ in drain(connection)] == [1, 2, 3] * 5
    assert connection.came[2] == (3, 1, b"hello")
    assert counted.asked == [65_536]


def test_where_nothing_is_there_it_does_not_wait(connection: Connection, counted: Counted) -> None:
    assert drain(connection) == []
    assert len(counted.asked) == 1


def test_what_came_while_a_frame_was_dealt_with_is_read_the_next_time(broker: socket.socket, connection: Connection) -> None:
    broker.sendall(FRAMES)
    assert len(drain(connection)) == 3
    broker.sendall(FRAMES)
    assert len(drain(connection)) == 3


@pytest.mark.parametrize("cut", [1, 6])
def test_a_frame_whose_header_is_only_begun_is_read_when_the_rest_is_there(broker: socket.socket, connection: Connection, cut: int) -> None:
    broker.sendall(FRAMES[:cut])
    assert drain(connection) == []
    broker.sendall(FRAMES[cut:])
    assert [kind for kind, _, _ in drain(connection)] == [1, 2, 3]


def test_a_frame_whose_header_is_there_is_waited_for(broker: socket.socket, connection: Connection, counted: Counted) -> None:
    broker.sendall(FRAMES[:7])
    rest = threading.Thread(target=lambda: (until(lambda: len(counted.asked) > 2), broker.sendall(FRAMES[7:])))
    rest.start()
    came = drain(connection)
    rest.join(PATIENCE)
    assert [kind for kind, _, _ in [*came, *drain(connection)]] == [1, 2, 3]


def test_more_than_one_read_takes_is_read_to_its_end(broker: socket.socket, connection: Connection, counted: Counted) -> None:
    body = b"x" * 100_000
    sent = threading.Thread(target=broker.sendall, args=[Publication("", "q", body, {}).frames(1, 131_072)])
    sent.start()
    while len(connection.came) < 3:
        drain(connection)
    sent.join(PATIENCE)
    assert connection.came[2] == (3, 1, body)
    assert len(counted.asked) > 1


def test_whoever_waits_for_an_answer_has_py_amqps_own_way(connection: Connection) -> None:
    assert connection.drain_events(timeout=3.0) == "theirs, 3.0"
    assert connection.drain_events() == "theirs, None"


def test_a_connection_that_was_closed_meanwhile_is_read_no_further(broker: socket.socket, connection: Connection) -> None:
    broker.sendall(FRAMES)
    connection.last = 1
    assert len(drain(connection)) == 1


def test_a_connection_that_breaks_says_so(broker: socket.socket, connection: Connection) -> None:
    broker.close()
    with pytest.raises(OSError, match="closed"):
        connection.drain_events(timeout=0)


def test_another_kind_of_connection_is_left_alone() -> None:
    tls = SimpleNamespace(transport=SimpleNamespace(sock=None), drain_events="its own")
    for there in (tls, None):
        ReadAheadStep(None).start(SimpleNamespace(connection=SimpleNamespace(connection=there)))
    assert tls.drain_events == "its own"


@given(st.integers(1, 65_535), st.integers(0, 2**64 - 1), st.booleans())
def test_an_acknowledgement_is_the_bytes_that_py_amqp_would_write(channel: int, tag: int, multiple: bool) -> None:
    written: list[bytes] = []
    transport = Mock(write=lambda data: written.append(bytes(data)))
    frame_writer(Mock(frame_max=131_072, bytes_sent=0), transport)(1, channel, (60, 80), dumps("Lb", (tag, multiple)), None)
    assert ack(channel, tag, multiple=multiple) == b"".join(written)


def test_acknowledgements_go_straight_to_the_transport_and_py_amqps_way_when_there_is_none() -> None:
    written: list[bytes] = []
    theirs: list[tuple[Any, ...]] = []
    channel = SimpleNamespace(
        channel_id=7,
        connection=SimpleNamespace(frame_writer=None, transport=SimpleNamespace(write=written.append)),
        basic_ack=lambda *given: theirs.append(given),
    )
    AckStep(None).start(SimpleNamespace(task_consumer=SimpleNamespace(channel=channel)))
    channel.basic_ack(3)
    channel.basic_ack(5, multiple=True)
    assert written == [ack(7, 3, multiple=False), ack(7, 5, multiple=True)]
    for gone in (SimpleNamespace(transport=None), None):
        channel.connection = gone
        channel.basic_ack(9)
    assert theirs == [(9, False, "Lb")] * 2


def test_a_channel_that_speaks_no_amqp_acknowledges_in_its_own_way() -> None:
    channel = SimpleNamespace(basic_ack="its own", connection=SimpleNamespace())
    AckStep(None).start(SimpleNamespace(task_consumer=SimpleNamespace(channel=channel)))
    assert channel.basic_ack == "its own"
