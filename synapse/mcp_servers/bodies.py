"""Reading a response's body with limits: on the wire, which a server pays for, and decoded, which we pay for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, cast

import httpx

from synapse.egress.refused import Refused
from synapse.errors import Transient
from synapse.mcp_servers.inflate import PIECE, Inflater

_LOOK: Final = 512

Arrived = Callable[[int, int | None], Awaitable[None]]
"""(bytes of the wire so far, bytes in all if declared)."""


async def read_body(
    response: httpx.Response, max_bytes: int, arrived: Arrived | None = None, look: Callable[[bytes], None] | None = None
) -> bytes:
    """The decoded body. ``look`` is called once, with its beginning, and may raise.

    Raises Permanent for one that is larger than ``max_bytes`` on the wire or decoded, Transient for a connection that breaks.
    """
    declared = response.headers.get("content-length", "")
    total = int(declared[:20]) if declared.isascii() and declared.isdigit() else None
    if total is not None and total > max_bytes:
        raise Refused(f"the page is larger than {max_bytes} bytes", "size")
    inflater = Inflater(response.headers.get("content-encoding", ""), max_bytes)
    wire, body = 0, bytearray()
    try:
        async for chunk in cast(httpx.AsyncByteStream, response.stream):
            wire += len(chunk)
            if wire > max_bytes:
                raise Refused(f"the page is larger than {max_bytes} bytes", "size")
            before = len(body)
            for piece in inflater.pieces(chunk):
                body += piece
            if look is not None and before < _LOOK <= len(body):
                look(bytes(body[:_LOOK]))
                look = None
            if arrived is not None:
                await arrived(wire, total)
    except httpx.TransportError as error:
        raise Transient(f"the connection broke: {type(error).__name__}") from error
    inflater.end()
    if look is not None:
        look(bytes(body[:_LOOK]))
    return bytes(body)


async def read_beginning(response: httpx.Response, max_bytes: int) -> bytes:
    """The first ``max_bytes`` of the decoded body, and no more of it off the wire than that takes. Raises like `read_body`."""
    inflater = Inflater(response.headers.get("content-encoding", ""), max_bytes + PIECE)
    wire, body = 0, bytearray()
    try:
        async for chunk in cast(httpx.AsyncByteStream, response.stream):
            wire += len(chunk)
            for piece in inflater.pieces(chunk):
                body += piece
                if len(body) >= max_bytes:
                    return bytes(body[:max_bytes])
            if wire >= max_bytes:
                return bytes(body)
    except httpx.TransportError as error:
        raise Transient(f"the connection broke: {type(error).__name__}") from error
    return bytes(body)
