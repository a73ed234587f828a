"""A real HTTP server on loopback that answers as it is told, well or badly, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import strategies as st

from synapse.contracts.evidence import Source
from synapse.errors import Permanent, StepError, SynapseError, Transient
from synapse.mcp_servers.providers.base import Limited, SearchProvider
from synapse.mcp_servers.providers.client import MAX_BYTES


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def params(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass
class Site:
    """Where the server is, and what it was asked so far."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)


_TURNS = 5
"""Of the loop: more than an accepted connection takes to be met, or a closed one to be let go of."""


@asynccontextmanager
async def serving(raw: bytes | Callable[[Asked], bytes] | None) -> AsyncIterator[Site]:
    """A server that gives everyone these bytes, or what is made of the request, and closes; None: one that reads and says nothing."""
    site, ended = Site(), asyncio.Event()
    tasks: set[asyncio.Task[None]] = set()

    # Not itself a coroutine: one that is cancelled before its first step, when a client left early, could close nothing.
    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            site.asked.append(Asked(method, target, headers, body))
            if raw is None:
                await ended.wait()
            else:
                writer.write(raw(site.asked[-1]) if callable(raw) else raw)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has had enough of it
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            writer.transport.abort()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    site.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield site
    finally:
        ended.set()
        # A connection is accepted, met and served in turns of the loop of its own. One that is accepted, but not met yet when the
        # server closes, would never be closed: its transport refuses to be made, and nobody else has its socket.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        for _ in range(_TURNS):
            await asyncio.sleep(0)


def http(body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} x", f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def as_json(value: Any) -> bytes:
    return http(json.dumps(value).encode())


@dataclass(frozen=True)
class Bad:
    """A way to answer that no provider may be confused by, and the failure it must become."""

    name: str
    raw: bytes | None
    kind: type[StepError]
    words: str

    @property
    def seconds(self) -> float:
        """How long an answer is waited for: short only where none comes."""
        return 0.3 if self.raw is None else 20.0


_HTML = b"<!doctype html><title>Sign in</title><p>Please sign in to the hotel's network."
BAD = [
    Bad("silence", None, Transient, "no answer within 0.3 seconds"),
    Bad("an answer cut off", b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{", Transient, "RemoteProtocolError"),
    Bad("too many requests", http(b"{}", 429, retry_after="7"), Limited, "answered 429, to be asked again in 7 s"),
    Bad("too many requests, no word of when", http(b"{}", 429), Limited, "answered 429$"),
    Bad("unavailable for a while", http(b"", 503, retry_after="9"), Limited, "answered 503, to be asked again in 9 s"),
    Bad("a server's error", http(_HTML, 500, "text/html"), Transient, "answered 500"),
    Bad("a key that is refused", http(b'{"error": "tvly-secret brave-secret is invalid"}', 401), Permanent, "answered 401"),
    Bad("a redirect", http(b"", 302, location="http://169.254.169.254/latest/meta-data"), Permanent, "answered 302"),
    Bad("a page instead of data", http(_HTML, kind="text/html"), Permanent, "is not (JSON|XML)"),
    Bad("nothing", http(b""), Permanent, "is not (JSON|XML)"),
    Bad("data cut short", http(b'{"results": [{"url": "https://exam'), Permanent, "is not (JSON|XML)"),
    Bad("bytes that are no text", http(b"\xff\xfe\x00{"), Permanent, "is not (JSON|XML)"),
    Bad("data nested without end", http(b"[" * 300_000), Permanent, "is not (JSON|XML)"),
    Bad("too much", http(b" " * (MAX_BYTES + 1)), Permanent, f"larger than {MAX_BYTES} bytes"),
    Bad("too much, packed small", http(gzip.compress(b" " * (5 * MAX_BYTES)), content_encoding="gzip"), Permanent, "larger than"),
    Bad("a broken packing", http(b"not gzip at all", content_encoding="gzip"), Permanent, "encoding is broken"),
    Bad("no HTTP", b"220 mail.example.org ESMTP\r\n", Transient, "RemoteProtocolError"),
]


async def assert_named_failure(make: Callable[[str, float], SearchProvider], bad: Bad) -> None:
    """The bad answer is a failure with its reason, which holds neither key nor address."""
    async with serving(bad.raw) as site:
        with pytest.raises(bad.kind, match=bad.words) as caught:
            await make(site.url, bad.seconds).search("how do cats sleep", 5)
    said = str(caught.value)
    assert "secret" not in said
    assert "127.0.0.1" not in said
    assert len(said) < 200
    # Nothing of the exchange hangs on the error either, for a log to print.
    assert caught.value.__cause__ is None


async def assert_key_goes_nowhere_else(
    make: Callable[[str], SearchProvider], raw: bytes, header: tuple[str, str], secret: str, log: pytest.LogCaptureFixture
) -> None:
    """The header holds the key as it is asked for; the rest of the request, the log and the provider as text do not."""
    log.set_level(logging.DEBUG)
    async with serving(raw) as site:
        provider = make(site.url)
        await provider.search("cats", 5)
    (asked,) = site.asked
    name, value = header
    assert secret in value
    assert asked.headers[name] == value
    others = [each for other, each in asked.headers.items() if other != name]
    assert secret not in "".join([asked.target, asked.body.decode(), *others, log.text, repr(provider)])


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["https://example.org/a", "javascript:alert(1)", "data:text/html,x", "//x", "http://u:p@x.org/", "\ud800", "2024-02-31", ""]
    ),
    st.text(max_size=20),
)


def shapes(*keys: str) -> st.SearchStrategy[Any]:
    """JSON of any shape in which the keys an API uses stand at any place, with values of any type."""
    names = st.sampled_from([*keys, "other"])
    return st.recursive(
        _SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=6)), max_leaves=25
    )


def answered(make: Callable[[httpx.AsyncBaseTransport], SearchProvider], answer: Any) -> list[Source]:
    """What a provider makes of a JSON answer, which is sources or an error of the tree. Whatever is found can be sent on."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=json.dumps(answer).encode()))
    try:
        found, failed = asyncio.run(make(transport).search("how do cats sleep", 5))
    except SynapseError as error:
        str(error).encode("utf-8")
        return []
    assert len(found) <= 5
    for source in found:
        assert source.url.startswith(("http://", "https://"))
        assert Source.model_validate_json(source.model_dump_json()) == source
    assert all(isinstance(reason, str) for reason in failed)
    return found
