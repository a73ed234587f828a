"""Sites that mean harm, over real connections: what a fetch does with each, and what it has sent by then."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from synapse.egress.dialling import Refused
from synapse.egress.urls import UrlPolicy
from synapse.errors import Permanent, StepError, StepTimeout, Transient
from synapse.mcp_servers.cache import PageCache
from synapse.mcp_servers.fetch import MAX_REDIRECTS, Fetcher
from synapse.mcp_servers.reading import Reader
from synapse.mcp_servers.robots import MAX_BYTES as ROBOTS_BYTES
from tests.unit.mcp_servers.providers.loopback import _TURNS, Asked, http
from tests.unit.mcp_servers.test_fetch import Names
from tests.waiting import PATIENCE

LIMIT = 100_000
PAGE = b"<html><head><title>On cats</title></head><body><p>Cats sleep most of the day, in warm places.</p></body></html>"

Send = Callable[[bytes], Awaitable[None]]
Answer = Callable[[Asked, Send], Awaitable[None]]


@dataclass
class World:
    """One server that is every host of the test, on one port; and what it was asked and has sent."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    sent: int = 0

    def url(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def asked_for(self) -> list[str]:
        return [f"{asked.headers['host'].partition(':')[0]}{asked.target}" for asked in self.asked]


@asynccontextmanager
async def _world(answer: Answer) -> AsyncIterator[World]:
    world = World()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send(data: bytes) -> None:
            writer.write(data)
            await writer.drain()
            world.sent += len(data)

        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
            world.asked.append(Asked(method, target, headers, b""))
            await answer(world.asked[-1], send)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has had enough of it
        finally:
            writer.close()
            with suppress(ConnectionError, TimeoutError):
                # What has been sent arrives, but whoever reads no more of it is not waited for.
                async with asyncio.timeout(0.2):
                    await writer.wait_closed()
            writer.transport.abort()

    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    world.port = server.sockets[0].getsockname()[1]
    try:
        yield world
    finally:
        # As in `serving`: what is accepted is met first, and what is closed is let go of.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        for _ in range(_TURNS):
            await asyncio.sleep(0)


def _always(raw: bytes) -> Answer:
    async def answer(_: Asked, send: Send) -> None:
        await send(raw)

    return answer


class _Hosts(Names):
    """Every host is the test's server, but those that are called something inside."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return ["10.0.0.1"] if "inside" in host else ["127.0.0.1"]


def _fetcher(world: World, *, robots: bool = False, seconds: float = PATIENCE, cache: PageCache | None = None) -> Fetcher:
    hosts = tuple(f"{name}.test:{world.port}" for name in ("a", "b", "c"))
    # A port of its own cannot be asked of a host that is not allowed; the rule on addresses is what these tests are about.
    policy = UrlPolicy(hosts, (80, 443, world.port))
    return Fetcher(policy, LIMIT, seconds, resolver=_Hosts(), obey=lambda _: robots, cache=cache)


@pytest.mark.parametrize("where", ["the next", "itself"])
async def test_a_chain_of_redirects_and_a_loop_end_after_a_few(where: str) -> None:
    async def answer(asked: Asked, send: Send) -> None:
        step = int(asked.target[1:]) + (where == "the next")
        await send(http(PAGE) if step > 21 else http(b"", 302, location=f"/{step}"))

    async with _world(answer) as world:
        with pytest.raises(Permanent, match="more than 5 redirects"):
            await _fetcher(world).fetch(world.url("a.test", "/1"))
    assert len(world.asked) == MAX_REDIRECTS + 1


async def test_a_redirect_inside_ends_there() -> None:
    async def answer(_: Asked, send: Send) -> None:
        await send(http(b"", 307, location=f"http://inside.test:{world.port}/secret"))

    async with _world(answer) as world:
        with pytest.raises(Refused, match="may not be fetched"):
            await _fetcher(world).fetch(world.url("a.test"))
    assert world.asked_for() == ["a.test/"]


async def test_nothing_that_one_origin_gave_is_carried_to_another_or_back(tmp_path: Path) -> None:
    async def answer(asked: Asked, send: Send) -> None:
        given = {"set_cookie": "session=secret; Domain=test; Path=/", "etag": '"secret"', "www_authenticate": "Basic realm=x"}
        if asked.headers["host"].startswith("a.test"):
            await send(http(b"", 302, location=world.url("b.test", "/"), **given))
        else:
            await send(http(PAGE, kind="text/html", **given, cache_control="max-age=0"))

    async with _world(answer) as world:
        fetcher = _fetcher(world, cache=PageCache(tmp_path, 10**6))
        for _ in range(2):
            await fetcher.fetch(world.url("a.test", "/?token=secret"))
    assert world.asked_for() == ["a.test/?token=secret", "b.test/"] * 2
    first, second, again, confirmed = (asked.headers for asked in world.asked)
    for headers in (first, second, again):
        assert {"cookie", "authorization", "referer", "origin", "if-none-match"}.isdisjoint(headers)
        assert "secret" not in str(headers)
    assert confirmed.pop("if-none-match") == '"secret"'
    assert "secret" not in str(confirmed)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    async with _world(_always(http(b"the proxy was asked"))) as proxy, _world(_always(http(PAGE))) as world:
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert (await _fetcher(world).fetch(world.url("a.test"))).body == PAGE
    assert proxy.asked == []


GZIPPED = gzip.compress(PAGE)


@pytest.mark.parametrize(
    "head",
    ["content-encoding: gzip, gzip", "content-encoding: gzip\r\ncontent-encoding: gzip", "content-encoding: deflate, gzip",
     "content-encoding: br", "content-encoding: gzip, br"],
)  # fmt: skip
async def test_encodings_in_encodings_are_not_undone(head: str) -> None:
    body = gzip.compress(gzip.compress(b"\x00" * 10_000_000))
    async with _world(_always(f"HTTP/1.1 200 OK\r\n{head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)) as world:
        with pytest.raises(Permanent, match="encoded in a way that was not asked for"):
            await _fetcher(world).fetch(world.url("a.test"))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_is_stopped_when_it_unpacks_to_more_than_the_limit(encoding: str) -> None:
    body = (gzip.compress if encoding == "gzip" else zlib.compress)(b"\x00" * 50_000_000)
    assert len(body) < LIMIT
    async with _world(_always(http(body, content_encoding=encoding))) as world:
        with pytest.raises(Permanent, match="when decoded"):
            await _fetcher(world).fetch(world.url("a.test"))


@pytest.mark.parametrize(
    ("head", "kind", "words"),
    [
        ("content-length: 100000000000000", Permanent, "larger than"),
        ("content-length: 9999999999999999999999999999", StepError, "larger than|connection failed"),
        (f"content-length: {len(PAGE) + 1}", Transient, "connection broke"),
        ("content-length: -1", Transient, "connection failed"),
        ("content-length: 1e3", Transient, "connection failed"),
        (f"content-length: {len(PAGE)}\r\ncontent-length: 5", Transient, "connection failed"),
        ("transfer-encoding: chunked", Transient, "connection broke"),
        ("transfer-encoding: gzip, chunked", Transient, "connection failed"),
    ],
)
async def test_a_length_that_lies_is_an_error(head: str, kind: type[Exception], words: str) -> None:
    async with _world(_always(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + PAGE)) as world:
        with pytest.raises(kind, match=words):
            await _fetcher(world).fetch(world.url("a.test"))


async def test_of_a_body_longer_than_its_length_no_more_is_taken() -> None:
    async with _world(_always(http(PAGE[:20]) + PAGE)) as world:
        assert (await _fetcher(world).fetch(world.url("a.test"))).body == PAGE[:20]


async def test_chunks_without_an_end_are_cut_off() -> None:
    async def answer(_: Asked, send: Send) -> None:
        await send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            await send(b"400\r\n" + b"x" * 1024 + b"\r\n")

    async with _world(answer) as world:
        with pytest.raises(Permanent, match="larger than"):
            await _fetcher(world).fetch(world.url("a.test"))
    # What the kernel holds on both sides comes on top of what was read.
    assert world.sent < LIMIT + 20_000_000


@pytest.mark.parametrize("piece", [b"x-more: header\r\n", b"x"], ids=["lines", "one line"])
async def test_a_head_without_an_end_is_cut_off(piece: bytes) -> None:
    async def answer(_: Asked, send: Send) -> None:
        await send(b"HTTP/1.1 200 OK\r\nx-first: ")
        while True:
            await send(piece * 1_000)

    async with _world(answer) as world:
        with pytest.raises(Transient, match="connection failed"):
            await _fetcher(world).fetch(world.url("a.test"))


@pytest.mark.parametrize("part", ["head", "body", "robots.txt"])
async def test_a_byte_now_and_then_does_not_outlive_the_time_limit(part: str) -> None:
    async def answer(asked: Asked, send: Send) -> None:
        if part == "body" or (part == "robots.txt" and asked.target == "/robots.txt"):
            await send(b"HTTP/1.1 200 OK\r\ncontent-length: 90000\r\n\r\n")
        while True:
            await send(b"x")
            # A silence that no limit on silences would take for one.
            await asyncio.sleep(0.01)

    async with _world(answer) as world, asyncio.timeout(PATIENCE):
        with pytest.raises(StepTimeout, match=r"within 0\.5 seconds"):
            await _fetcher(world, seconds=0.5, robots=part == "robots.txt").fetch(world.url("a.test"))


def _with_robots(robots: Answer) -> Answer:
    async def answer(asked: Asked, send: Send) -> None:
        await (robots(asked, send) if asked.target == "/robots.txt" else send(http(PAGE)))

    return answer


async def test_a_robots_txt_of_ten_megabytes_is_read_in_part_and_holds() -> None:
    async def robots(_: Asked, send: Send) -> None:
        await send(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\nUser-agent: *\nDisallow: /private\n")
        for _ in range(10_000):
            await send(b"# " + b"x" * 998)

    async with _world(_with_robots(robots)) as world:
        fetcher = _fetcher(world, robots=True)
        assert (await fetcher.fetch(world.url("a.test", "/open"))).body == PAGE
        with pytest.raises(Refused, match=r"robots\.txt"):
            await fetcher.fetch(world.url("a.test", "/private"))
    assert world.asked_for() == ["a.test/robots.txt", "a.test/open"]
    assert world.sent < ROBOTS_BYTES + 8_000_000


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_where_robots_txt_fails_the_page_is_not_asked_for(status: int) -> None:
    async with _world(_with_robots(_always(http(b"", status)))) as world:
        with pytest.raises(Transient, match=f"answered {status}"):
            await _fetcher(world, robots=True).fetch(world.url("a.test"))
    assert world.asked_for() == ["a.test/robots.txt"]


async def test_a_robots_txt_on_another_host_is_followed_there_and_holds_for_the_first() -> None:
    async def answer(asked: Asked, send: Send) -> None:
        if asked.headers["host"].startswith("b.test"):
            await send(http(b"User-agent: *\nDisallow: /private"))
        else:
            await send(http(b"", 301, location=world.url("b.test", "/rules")) if asked.target == "/robots.txt" else http(PAGE))

    async with _world(answer) as world:
        fetcher = _fetcher(world, robots=True)
        with pytest.raises(Refused, match=r"robots\.txt"):
            await fetcher.fetch(world.url("a.test", "/private"))
        assert (await fetcher.fetch(world.url("a.test", "/open"))).body == PAGE
    assert world.asked_for() == ["a.test/robots.txt", "b.test/rules", "a.test/open"]


@pytest.mark.parametrize("location", ["http://inside.test:{port}/robots.txt", "file:///etc/passwd", "http://a.test:{port}/robots.txt"])
async def test_a_robots_txt_that_leads_inside_or_in_circles_leaves_nothing_to_read(location: str) -> None:
    async def robots(_: Asked, send: Send) -> None:
        await send(http(b"", 302, location=location.format(port=world.port)))

    async with _world(_with_robots(robots)) as world:
        with pytest.raises(Transient, match=r"robots\.txt could not be read"):
            await _fetcher(world, robots=True).fetch(world.url("a.test"))
    assert set(world.asked_for()) == {"a.test/robots.txt"}


async def test_a_redirect_to_another_host_asks_that_hosts_robots_txt_too() -> None:
    async def answer(asked: Asked, send: Send) -> None:
        is_first = asked.headers["host"].startswith("a.test")
        if asked.target == "/robots.txt":
            await send(http(b"", 404) if is_first else http(b"User-agent: *\nDisallow: /"))
        else:
            await send(http(b"", 302, location=world.url("b.test", "/page")) if is_first else http(PAGE))

    async with _world(answer) as world:
        with pytest.raises(Refused, match=r"robots\.txt"):
            await _fetcher(world, robots=True).fetch(world.url("a.test"))
    assert world.asked_for() == ["a.test/robots.txt", "a.test/", "b.test/robots.txt"]


@pytest.mark.parametrize("kind", ["text/html", "application/xhtml+xml"])
async def test_xml_entities_are_neither_multiplied_nor_looked_up(kind: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret")
    entities = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 12))
    page = (
        f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY e0 "laughs">{entities}<!ENTITY file SYSTEM "file://{tmp_path}/secret">]>'
        "<html><head><title>On cats</title></head><body><p>Cats sleep most of the day: &e11; and &file; say so.</p></body></html>"
    )
    async with _world(_always(http(page.encode(), kind=kind))) as world:
        read = await Reader(_fetcher(world)).read(world.url("a.test"))
    assert "Cats sleep" in read.text
    assert "the secret" not in read.text
    assert "laughs" not in read.text.replace('"laughs"', "")
    assert len(read.text) < len(page)
