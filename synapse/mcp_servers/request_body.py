"""Reading a request's body within a limit: told beforehand, or counted as it comes."""

from __future__ import annotations

from starlette.types import Message, Receive, Scope

from synapse.errors import InvalidInput


class TooLarge(InvalidInput):
    """The request's body is too large."""

    code, status = "body-too-large", 413


class Gone(Exception):
    """The caller went away before its request was whole."""


async def read_body(scope: Scope, receive: Receive, most: int) -> bytes:
    """The body, of at most ``most`` bytes. Raises TooLarge as soon as it is known to be longer, and Gone."""
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if announced.isdigit() and int(announced) > most:
        raise TooLarge
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
