"""Reading a request's body within limits: its bytes as they are told beforehand and as they come, and the time it takes."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Message, Receive, Scope

from synapse.errors import InvalidInput

SECONDS: Final = 60.0
"""For a whole body: who sends a byte now and then holds a connection and what came so far."""


class Unreadable(InvalidInput):
    """The request's body cannot be read."""


class TooLarge(Unreadable):
    """The request's body is too large."""

    code, status = "body-too-large", 413


class TooSlow(Unreadable):
    """The request's body did not arrive in time."""

    code, status = "body-too-slow", 408


class Gone(Exception):
    """The caller went away before its request was whole."""


async def read_body(scope: Scope, receive: Receive, most: int, seconds: float = SECONDS) -> bytes:
    """The body, of at most ``most`` bytes. Raises TooLarge as soon as it is known to be longer, TooSlow, and Gone."""
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if announced.isdigit() and int(announced) > most:
        raise TooLarge
    try:
        async with asyncio.timeout(seconds):
            return await _whole(receive, most)
    except TimeoutError:
        raise TooSlow from None


async def _whole(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > most:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body once more, and then what the connection does."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return whole.pop() if whole else await receive()

    return again
