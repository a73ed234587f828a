from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from synapse.cli.listening import listen, url_of
from synapse.cli.serving import Servers, load
from synapse.errors import Unavailable


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def _broken(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "cannot"})


def test_several_are_served_at_once_and_stopped_one_by_one() -> None:
    died = threading.Event()
    with listen("127.0.0.1", 0, "A") as first, listen("127.0.0.1", 0, "B") as second:
        servers = Servers(died.set)
        servers.add("first", _hello, first)
        servers.add("second", _hello, second)
        servers.start()
        assert [httpx.get(url_of(each), trust_env=False).text for each in (first, second)] == ["hello", "hello"]
        said: list[str] = []
        servers.stop("first", before=lambda: said.append(threading.current_thread().name))
        assert said == ["synapse-http"]
        assert httpx.get(url_of(second), trust_env=False).text == "hello"
        servers.stop()
        assert not died.is_set(), "whoever is told to stop does not die"


def test_one_that_cannot_start_is_an_error() -> None:
    with listen("127.0.0.1", 0, "A") as listener:
        died = threading.Event()
        servers = Servers(died.set)
        servers.add("broken", _broken, listener)
        with pytest.raises(Unavailable, match="did not start"):
            servers.start(10)
        assert died.is_set()
        servers.stop()  # whoever ended by itself, and the loop with it, may still be told to stop


def test_what_a_name_names_is_loaded() -> None:
    assert load("synapse.cli.serving:load") is load
