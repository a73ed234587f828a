from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from amqp.basic_message import Message
from amqp.method_framing import frame_writer
from amqp.serialization import dumps
from hypothesis import given
from hypothesis import strategies as st

from synapse.engine.frames import Publication
from tests.unit.engine.fake_amqp import published

short = st.text(max_size=60)
properties = st.fixed_dictionaries(
    {},
    optional={
        "content_type": short,
        "content_encoding": st.just("utf-8"),
        "headers": st.dictionaries(short, st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.text(max_size=300), max_size=5),
        "delivery_mode": st.sampled_from([1, 2]),
        "correlation_id": short,
        "message_id": short,
        "type": short,
    },
)


def of_py_amqp(publication: Publication, channel: int, largest: int) -> bytes:
    """What py-amqp writes for the same message."""
    said = dict(publication.properties)
    if "headers" in said:
        said["application_headers"] = said.pop("headers")
    message = Message(publication.body, **said)
    written: list[bytes] = []
    transport = Mock(write=lambda data: written.append(bytes(data)))
    arguments = dumps("Bssbb", (0, publication.exchange, publication.routing_key, publication.mandatory, False))
    frame_writer(Mock(frame_max=largest, bytes_sent=0), transport)(1, channel, (60, 40), arguments, message)
    return b"".join(written)


@given(short, short, st.binary(min_size=1, max_size=3000), properties, st.booleans(), st.integers(1, 65535))
def test_a_message_is_the_bytes_that_py_amqp_would_write(
    exchange: str, routing_key: str, body: bytes, values: dict[str, Any], mandatory: bool, channel: int
) -> None:
    publication = Publication(exchange, routing_key, body, values, mandatory)
    assert publication.frames(channel, 131_072) == of_py_amqp(publication, channel, 131_072)


@pytest.mark.parametrize("size", [1, 4087, 4088, 4089, 8176, 20_000])
def test_a_body_is_cut_to_the_size_that_the_broker_takes(size: int) -> None:
    frames = Publication("", "q", b"x" * size, {}).frames(1, 4096)
    (sent,) = published(frames)
    assert sent["body"] == "x" * size
    at = 0
    while at < len(frames):
        whole = 8 + int.from_bytes(frames[at + 3 : at + 7], "big")
        assert whole <= 4096
        at += whole


def test_messages_one_after_the_other_are_told_apart() -> None:
    data = b"".join(Publication("", key, key.encode(), {"type": key}).frames(1, 4096) for key in ("a", "b"))
    assert [(sent["routing_key"], sent["body"], sent["type"]) for sent in published(data)] == [("a", "a", "a"), ("b", "b", "b")]


def test_a_name_longer_than_the_protocol_allows_is_refused() -> None:
    with pytest.raises(ValueError, match="range"):
        Publication("", "k" * 256, b"", {}).frames(1, 4096)
