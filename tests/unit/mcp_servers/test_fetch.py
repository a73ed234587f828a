from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence

import httpx
import pytest

from synapse.egress.dialling import resolve
from synapse.egress.refused import Refused
from synapse.egress.urls import UrlPolicy
from synapse.errors import Permanent, StepTimeout, Transient
from synapse.mcp_servers.fetch import MAX_REDIRECTS, Fetcher
from tests.waiting import PATIENCE

PUBLIC = "93.184.216.34"
PAGE = b"<html><body>hello</body></html>"


class Wire(httpx.AsyncBaseTransport):
    """Stands for the network: remembers each request, answers as told, counts what is closed."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []
        self.closed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request)

    async def aclose(self) -> None:
        self.closed += 1


def _answers(*answers: httpx.Response) -> Wire:
    left = list(answers)
    return Wire(lambda _: left.pop(0) if len(left) > 1 else left[0])


def _page(body: bytes = PAGE, **headers: str) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/html; charset=utf-8", **headers}, stream=Body([body]))


def _redirect(to: str, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers={"location": to}, stream=Body([b""]))


class Body(httpx.AsyncByteStream):
    def __init__(self, chunks: Sequence[bytes], then: Callable[[], object] | None = None) -> None:
        self.chunks, self.then, self.sent = chunks, then, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            self.sent += 1
            yield chunk
        if self.then is not None:
            await self.then()  # type: ignore[misc]


class Names:
    """A resolver whose answers change from one question to the next, as a rebinding attacker's do."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self.answers = list(answers) or [[PUBLIC]]
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


def _fetcher(
    wire: Wire, names: Names | None = None, *, allowed: tuple[str, ...] = (), max_bytes: int = 10_000, seconds: float = PATIENCE
) -> Fetcher:
    return Fetcher(UrlPolicy(allowed), max_bytes, seconds, resolver=names or Names(), make_transport=lambda _: wire)


async def test_a_page_is_fetched_from_the_address_that_was_checked_under_the_name_that_was_asked_for() -> None:
    wire = _answers(_page())
    fetched = await _fetcher(wire).fetch("https://example.com/a?b=c#d")
    (request,) = wire.requests
    assert (request.url.host, request.headers["host"], request.extensions["sni_hostname"]) == (PUBLIC, "example.com", "example.com")
    assert request.url.raw_path == b"/a?b=c"
    assert (fetched.body, fetched.media_type, fetched.charset) == (PAGE, "text/html", "utf-8")
    assert fetched.final_url == "https://example.com/a?b=c"
    assert wire.closed == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1"])
async def test_nothing_is_sent_to_an_address_that_is_not_public(address: str) -> None:
    wire = _answers(_page())
    with pytest.raises(Refused) as refused:
        await _fetcher(wire, Names([address])).fetch("http://innocent.example/")
    assert wire.requests == []
    assert address not in str(refused.value)


async def test_one_private_record_among_public_ones_refuses_them_all() -> None:
    wire = _answers(_page())
    with pytest.raises(Refused):
        await _fetcher(wire, Names([PUBLIC, "10.0.0.1"])).fetch("http://innocent.example/")
    assert wire.requests == []


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.1", "0177.0.0.1", "0.0.0.0", "[::]", "localhost.", "localhost", "[::1]"])
async def test_no_spelling_of_loopback_gets_past_the_systems_resolver(host: str) -> None:
    wire = _answers(_page())
    fetcher = Fetcher(UrlPolicy(), 1000, PATIENCE, resolver=resolve, make_transport=lambda _: wire)
    with pytest.raises(Permanent):
        await fetcher.fetch(f"http://{host}/")
    assert wire.requests == []


async def test_a_name_is_resolved_once_so_that_rebinding_it_changes_nothing() -> None:
    wire, names = _answers(_page()), Names([PUBLIC], ["127.0.0.1"])
    await _fetcher(wire, names).fetch("http://rebound.example/")
    assert names.asked == ["rebound.example"]
    assert [request.url.host for request in wire.requests] == [PUBLIC]


async def test_a_lookup_that_fails_is_not_repeated_by_whoever_connects() -> None:
    wire = _answers(_page())
    with pytest.raises(Transient):
        await _fetcher(wire, Names(socket.gaierror(socket.EAI_AGAIN, "later"), ["127.0.0.1"])).fetch("http://later.example/")
    with pytest.raises(Permanent):
        await _fetcher(wire, Names(socket.gaierror(socket.EAI_NONAME, "never"))).fetch("http://absent.example/")
    with pytest.raises(Refused):
        await _fetcher(wire, Names([])).fetch("http://empty.example/")
    assert wire.requests == []


async def test_a_redirect_is_checked_like_the_first_url() -> None:
    wire, names = _answers(_redirect("http://inside.example/"), _page()), Names([PUBLIC], ["10.0.0.1"])
    with pytest.raises(Refused):
        await _fetcher(wire, names).fetch("http://outside.example/")
    assert len(wire.requests) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://user:pass@example.com/", "http://example.com:8080/", "gopher://x/"])
async def test_a_redirect_to_what_is_never_fetched_ends_there(location: str) -> None:
    wire = _answers(_redirect(location), _page())
    with pytest.raises(Permanent):
        await _fetcher(wire).fetch("http://example.com/")
    assert len(wire.requests) == 1


async def test_a_redirect_away_from_https_is_refused() -> None:
    with pytest.raises(Refused):
        await _fetcher(_answers(_redirect("http://example.com/"), _page())).fetch("https://example.com/")


async def test_redirects_are_followed_but_not_for_ever_and_carry_nothing_along() -> None:
    wire = _answers(*[_redirect(f"http://host{number}.example/", 307) for number in range(MAX_REDIRECTS)], _page())
    fetched = await _fetcher(wire).fetch("http://start.example/")
    assert fetched.final_url == f"http://host{MAX_REDIRECTS - 1}.example/"
    assert all({"cookie", "authorization", "referer"}.isdisjoint(request.headers) for request in wire.requests)
    endless = _answers(_redirect("http://loop.example/"))
    with pytest.raises(Permanent, match="redirects"):
        await _fetcher(endless).fetch("http://loop.example/")
    assert len(endless.requests) == MAX_REDIRECTS + 1


async def test_a_host_the_operator_allowed_may_be_private_but_never_a_metadata_service() -> None:
    wire = _answers(_page())
    fetched = await _fetcher(wire, Names(["10.0.0.1"]), allowed=("wiki.internal",)).fetch("http://wiki.internal/")
    assert fetched.body == PAGE
    with pytest.raises(Refused):
        await _fetcher(_answers(_page()), Names(["169.254.169.254"]), allowed=("wiki.internal",)).fetch("http://wiki.internal/")


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "2606:4700::1":
            raise httpx.ConnectError("unreachable")
        return _page()

    wire = Wire(answer)
    assert (await _fetcher(wire, Names(["2606:4700::1", PUBLIC])).fetch("http://example.com/")).body == PAGE
    with pytest.raises(Transient):
        await _fetcher(wire, Names(["2606:4700::1"])).fetch("http://example.com/")


async def test_a_body_larger_than_the_limit_is_refused_by_its_declared_length_unread() -> None:
    body = Body([b"x" * 100])
    response = httpx.Response(200, headers={"content-length": "99999"}, stream=body)
    with pytest.raises(Permanent, match="larger"):
        await _fetcher(_answers(response)).fetch("http://example.com/")
    assert body.sent == 0


async def test_a_body_without_an_end_is_cut_off_at_the_limit() -> None:
    body = Body([b"x" * 1000] * 1000)
    with pytest.raises(Permanent, match="larger"):
        await _fetcher(_answers(httpx.Response(200, stream=body))).fetch("http://example.com/")
    assert body.sent <= 12


async def test_bytes_of_the_wire_count_even_when_they_unpack_to_nothing() -> None:
    body = Body([gzip.compress(b"done"), *[b"x" * 1000] * 1000])
    with pytest.raises(Permanent, match="larger"):
        await _fetcher(_answers(httpx.Response(200, headers={"content-encoding": "gzip"}, stream=body))).fetch("http://example.com/")
    assert body.sent <= 12


async def test_a_small_body_that_unpacks_to_a_large_one_is_refused() -> None:
    response = _page(gzip.compress(b"\x00" * 5_000_000), **{"content-encoding": "gzip"})
    with pytest.raises(Permanent, match="decoded"):
        await _fetcher(_answers(response)).fetch("http://example.com/")


async def test_a_dripping_body_does_not_outlive_the_time_limit() -> None:
    body = Body([b"x"], then=asyncio.Event().wait)
    # The body never ends: without the limit it is this longer one that strikes, and its error is another.
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(StepTimeout, match=r"within 0\.05 seconds"):
            await _fetcher(_answers(httpx.Response(200, stream=body)), seconds=0.05).fetch("http://example.com/")


@pytest.mark.parametrize(
    ("status", "kind"), [(404, Permanent), (403, Permanent), (410, Permanent), (204, Permanent), (429, Transient), (503, Transient)]
)
async def test_a_status_tells_whether_trying_again_helps(status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=str(status)):
        await _fetcher(_answers(httpx.Response(status, stream=Body([b""])))).fetch("http://example.com/")


async def test_a_connection_that_breaks_is_transient_whenever_it_does() -> None:
    async def broken() -> None:
        raise httpx.ReadError("reset")

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("no HTTP")

    with pytest.raises(Transient, match="broke"):
        await _fetcher(_answers(httpx.Response(200, stream=Body([b"x"], then=broken)))).fetch("http://example.com/")
    with pytest.raises(Transient, match="failed"):
        await _fetcher(Wire(refuse)).fetch("http://example.com/")


async def test_progress_tells_of_resolving_and_of_bytes() -> None:
    told: list[tuple[str, int, int | None]] = []

    async def report(phase: str, done: int, total: int | None) -> None:
        told.append((phase, done, total))

    await _fetcher(_answers(_page(**{"content-length": str(len(PAGE))}))).fetch("http://example.com/", report)
    assert told == [("resolve", 0, None), ("robots", 0, None), ("bytes", len(PAGE), len(PAGE))]


async def test_the_real_transport_ignores_proxies_of_the_environment_and_keeps_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Host: allowed.example" in head or b"host: allowed.example" in head
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        # Ours to close only after the other side did: a kept connection would hang here.
        assert await reader.read() == b""
        answered.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with server:
        fetcher = Fetcher(UrlPolicy((f"allowed.example:{port}",)), 1000, PATIENCE, resolver=Names(["127.0.0.1"]))
        fetched = await fetcher.fetch(f"http://allowed.example:{port}/")
        assert fetched.body == b"hi"
        async with asyncio.timeout(PATIENCE):
            await answered.wait()


async def test_certificates_are_verified() -> None:
    seen: list[ssl.SSLContext] = []

    def remember(context: ssl.SSLContext) -> httpx.AsyncBaseTransport:
        seen.append(context)
        return _answers(_page())

    await Fetcher(UrlPolicy(), 1000, PATIENCE, resolver=Names(), make_transport=remember).fetch("https://example.com/")
    assert seen[0].verify_mode == ssl.CERT_REQUIRED
    assert seen[0].check_hostname
