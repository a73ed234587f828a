"""A server that is about to stop says so, and goes on answering, until nobody sends it anything any more."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

_BODY: Final = json.dumps({"ok": False, "draining": True}).encode()


class Draining:
    """An application, as it is; and from `begin` on one that is not ready and keeps no connection open.

    Whoever distributes requests by ``/readyz`` sends it no more of them. A client that comes back on a connection that it kept is
    answered, and told to close it: it would otherwise send its next request just when the server closes it.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app
        self._begun = False

    def begin(self) -> None:
        """From now on."""
        self._begun = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if not self._begun or scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == "/readyz":
            headers = [(b"content-type", b"application/json"), (b"connection", b"close"), (b"content-length", b"%d" % len(_BODY))]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": _BODY})
        else:
            await self._app(scope, receive, lambda message: send(_closing(message)))


def _closing(message: Any) -> Any:
    if message["type"] != "http.response.start":
        return message
    return {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
