from __future__ import annotations

import json
from typing import Any

from synapse.cli.draining import Draining


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def asked(app: Draining, path: str, kind: str = "http") -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> None:
        """Nothing comes."""

    await app({"type": kind, "path": path}, receive, send)
    return sent


async def test_an_application_is_as_it_is_until_it_is_to_stop() -> None:
    start, body = await asked(Draining(hello), "/readyz")
    assert (start["status"], start["headers"], body["body"]) == (200, [(b"x", b"y")], b"hello")


async def test_then_it_is_not_ready_and_answers_all_else_on_connections_that_are_to_be_closed() -> None:
    app = Draining(hello)
    app.begin()
    start, body = await asked(app, "/readyz")
    assert (start["status"], json.loads(body["body"])["ok"]) == (503, False)
    start, body = await asked(app, "/v1/runs")
    assert (start["status"], start["headers"], body["body"]) == (200, [(b"x", b"y"), (b"connection", b"close")], b"hello")


async def test_what_is_no_request_is_the_applications() -> None:
    app = Draining(hello)
    app.begin()
    start, _ = await asked(app, "/readyz", kind="lifespan")
    assert start["headers"] == [(b"x", b"y")]
