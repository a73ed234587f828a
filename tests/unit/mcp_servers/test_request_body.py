from __future__ import annotations

import asyncio
from typing import Any

import pytest

from synapse.mcp_servers.request_body import Gone, TooLarge, TooSlow, read_body, replayed


class Wire:
    """Gives messages one after another, and counts them."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)
        self.taken = 0

    async def __call__(self) -> dict[str, Any]:
        self.taken += 1
        return self.messages.pop(0)


def _chunk(data: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def _scope(length: bytes | None = None) -> dict[str, Any]:
    return {"headers": [] if length is None else [(b"content-length", length)]}


async def test_a_body_of_the_limit_is_read_whole() -> None:
    assert await read_body(_scope(b"6"), Wire(_chunk(b"abc"), _chunk(b"def", more=False)), 6) == b"abcdef"


async def test_one_that_says_it_is_longer_is_refused_unread() -> None:
    wire = Wire(_chunk(b"abc"))
    with pytest.raises(TooLarge):
        await read_body(_scope(b"5000000"), wire, 4_000_000)
    assert wire.taken == 0


@pytest.mark.parametrize("length", [None, b"3", b"-1", b"x"])
async def test_one_that_does_not_is_refused_as_soon_as_it_is(length: bytes | None) -> None:
    wire = Wire(*[_chunk(b"abc") for _ in range(100)])
    with pytest.raises(TooLarge):
        await read_body(_scope(length), wire, 10)
    assert wire.taken == 4


async def test_a_caller_that_goes_away_half_way_is_gone() -> None:
    with pytest.raises(Gone):
        await read_body(_scope(), Wire(_chunk(b"abc"), {"type": "http.disconnect"}), 10)


async def test_one_that_drips_is_given_up() -> None:
    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0)
        return _chunk(b"")

    with pytest.raises(TooSlow):
        await read_body(_scope(b"6"), drip, 6, seconds=0.01)


async def test_a_replayed_body_is_followed_by_what_the_connection_does() -> None:
    again = replayed(b"abc", Wire({"type": "http.disconnect"}))
    assert await again() == _chunk(b"abc", more=False)
    assert await again() == {"type": "http.disconnect"}
