"""A published message as AMQP 0-9-1 frames: what py-amqp would write, encoded once and without a system call.

py-amqp's own way asks the socket about blocked connections, arms a time-out and writes, for each message; a worker that
publishes thousands of events spends more on that than on their contents. See decision 0013, and the protocol's section 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Any

from amqp.serialization import dumps

_METHOD, _HEADER, _BODY, _END = 1, 2, 3, b"\xce"
_FRAME = Struct(">BHI")
_OVERHEAD = _FRAME.size + len(_END)
_PUBLISH = Struct(">HHH").pack(60, 40, 0)
_CONTENT = Struct(">HHQ")
_FLAGS = Struct(">H")
_MANDATORY, _OPTIONAL = b"\x01", b"\x00"

# Name, bit in the flags, and type as py-amqp writes it: a short string, an octet, a table.
_PROPERTIES = (
    ("content_type", 15, "s"),
    ("content_encoding", 14, "s"),
    ("headers", 13, "F"),
    ("delivery_mode", 12, "o"),
    ("priority", 11, "o"),
    ("correlation_id", 10, "s"),
    ("reply_to", 9, "s"),
    ("message_id", 7, "s"),
    ("type", 5, "s"),
)


@dataclass(frozen=True, slots=True)
class Publication:
    """A message on its way to an exchange; with ``mandatory`` the broker returns it when no queue takes it."""

    exchange: str
    routing_key: str
    body: bytes
    properties: Mapping[str, Any]
    mandatory: bool = False

    def frames(self, channel: int, largest: int) -> bytes:
        """The method, header and body frames, none above ``largest`` bytes. Raises UnicodeError and FrameSyntaxError as py-amqp does."""
        method = _PUBLISH + _short(self.exchange) + _short(self.routing_key) + (_MANDATORY if self.mandatory else _OPTIONAL)
        header = _CONTENT.pack(60, 0, len(self.body)) + _properties(self.properties)
        room = largest - _OVERHEAD
        bodies = (_frame(_BODY, channel, self.body[at : at + room]) for at in range(0, len(self.body), room))
        return b"".join((_frame(_METHOD, channel, method), _frame(_HEADER, channel, header), *bodies))


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return _FRAME.pack(kind, channel, len(payload)) + payload + _END


def _short(text: str) -> bytes:
    data = text.encode()
    return bytes((len(data),)) + data  # a ValueError above 255 bytes, which no name here reaches


def _properties(values: Mapping[str, Any]) -> bytes:
    flags, parts = 0, []
    for name, bit, kind in _PROPERTIES:
        value = values.get(name)
        if value is None:
            continue
        flags |= 1 << bit
        parts.append(_short(value) if kind == "s" else bytes((value,)) if kind == "o" else dumps(kind, [value]))
    return _FLAGS.pack(flags) + b"".join(parts)
