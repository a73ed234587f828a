from __future__ import annotations

import gzip
import tracemalloc

import httpx
import pytest

from synapse.errors import Permanent, Transient
from synapse.mcp_servers.bodies import read_beginning, read_body
from tests.unit.mcp_servers.test_fetch import Body

MEGABYTE = 1_000_000


def _response(*chunks: bytes, **headers: str) -> tuple[httpx.Response, Body]:
    body = Body(chunks)
    return httpx.Response(200, headers={name.replace("_", "-"): value for name, value in headers.items()}, stream=body), body


def _bomb(size: int) -> bytes:
    return gzip.compress(b"\x00" * size)


async def test_the_beginning_is_looked_at_once_and_before_the_rest_arrives() -> None:
    seen: list[bytes] = []
    response, _ = _response(b"a" * 300, b"b" * 300, b"c" * 300)
    assert len(await read_body(response, 10_000, look=seen.append)) == 900
    assert seen == [b"a" * 300 + b"b" * 212]

    def refuse(_: bytes) -> None:
        raise Permanent("an image")

    response, body = _response(*[b"x" * 600] * 50)
    with pytest.raises(Permanent, match="an image"):
        await read_body(response, 100_000, look=refuse)
    assert body.sent == 1
    response, _ = _response(b"short")
    with pytest.raises(Permanent, match="an image"):
        await read_body(response, 100_000, look=refuse)


async def test_a_bomb_of_a_hundred_megabytes_costs_less_than_thirty() -> None:
    bomb = _bomb(100 * MEGABYTE)
    response, _ = _response(*[bomb[at : at + 65_536] for at in range(0, len(bomb), 65_536)], content_encoding="gzip")
    tracemalloc.start()
    try:
        with pytest.raises(Permanent, match="decoded"):
            await read_body(response, 10 * MEGABYTE)
        assert tracemalloc.get_traced_memory()[1] < 30 * MEGABYTE
    finally:
        tracemalloc.stop()


async def test_a_beginning_is_cut_and_no_more_is_read_than_it_takes() -> None:
    response, body = _response(*[b"x" * 1_000] * 10_000)
    assert await read_beginning(response, 5_000) == b"x" * 5_000
    assert body.sent == 5
    bomb = _bomb(10 * MEGABYTE)
    response, _ = _response(bomb, content_encoding="gzip")
    assert await read_beginning(response, 5_000) == b"\x00" * 5_000
    response, _ = _response(b"all of it")
    assert await read_beginning(response, 5_000) == b"all of it"


async def test_wire_bytes_that_unpack_to_nothing_end_too() -> None:
    response, body = _response(gzip.compress(b"done"), *[b"x" * 1_000] * 10_000, content_encoding="gzip")
    assert await read_beginning(response, 5_000) == b"done"
    assert body.sent <= 7


async def test_a_connection_that_breaks_is_transient() -> None:
    async def broken() -> None:
        raise httpx.ReadError("reset")

    with pytest.raises(Transient):
        await read_beginning(httpx.Response(200, stream=Body([b"x"], then=broken)), 5_000)
    with pytest.raises(Transient):
        await read_body(httpx.Response(200, stream=Body([b"x"], then=broken)), 5_000)
