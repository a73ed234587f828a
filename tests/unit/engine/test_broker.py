from __future__ import annotations

import socket

import pytest

from synapse.engine.broker import check_broker
from synapse.errors import Unavailable


def test_memory_is_always_there() -> None:
    assert check_broker("memory://") is None  # type: ignore[func-returns-value] # it raises or it does not


def test_a_broker_that_does_not_answer_is_unavailable_and_its_password_is_not_told() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with pytest.raises(Unavailable, match="the broker does not answer") as caught:
            check_broker(f"amqp://user:hunter2@127.0.0.1:{port}//")
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value)) <= 300


def test_a_url_that_names_no_broker_is_unavailable_too() -> None:
    with pytest.raises(Unavailable):
        check_broker("carrier-pigeon://loft")
