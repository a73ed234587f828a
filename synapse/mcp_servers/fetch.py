"""Fetching from the web, guarded: a page names a URL, and nothing it names may lead into the operator's own network.

A host is resolved once, every address is checked, and a checked address is what is dialled, with the host's name kept for TLS and
``Host``. Redirects are followed by hand and checked like the first URL. No cookies, no credentials, no proxy from the environment,
no connection is used twice. Bytes are counted on the wire and after decoding, and one wall clock bounds it all.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, cast

import httpx

from synapse import __version__
from synapse.errors import Permanent, StepError, StepTimeout, Transient
from synapse.mcp_servers.addresses import is_metadata, refusal
from synapse.mcp_servers.inflate import Inflater
from synapse.mcp_servers.urls import UrlPolicy, host_of, port_of

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → addresses as text, in the order to try them."""
Report = Callable[[str, int, int | None], Awaitable[None]]
"""(phase, bytes so far, bytes in all if declared); phase is 'resolve' or 'bytes'."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
MAX_REDIRECTS: Final = 5
_HEADERS: Final = {
    "user-agent": f"Synapse/{__version__} (research reader)",
    "accept": "text/html,application/xhtml+xml,text/plain;q=0.9,text/markdown;q=0.9,application/pdf;q=0.8,*/*;q=0.1",
    "accept-encoding": "gzip, deflate",
    "accept-language": "en,*;q=0.5",
    "connection": "close",
}


@dataclass(frozen=True)
class Fetched:
    """A response that was read to its end."""

    final_url: str
    body: bytes
    media_type: str
    charset: str | None
    fetched_at: datetime


class Refused(Permanent):
    """The address may not be fetched."""


@dataclass(frozen=True)
class Fetcher:
    """Fetches within limits. ``max_bytes`` bounds the body on the wire and decoded; ``seconds`` bounds everything together."""

    policy: UrlPolicy
    max_bytes: int
    seconds: float
    resolver: Resolver | None = None
    make_transport: Callable[[ssl.SSLContext], httpx.AsyncBaseTransport] | None = None

    async def fetch(self, url: str, report: Report | None = None) -> Fetched:
        """The body behind a URL, redirects followed.

        Raises Refused for an address that may not be dialled, Permanent for what will not get better, Transient for what may,
        StepTimeout when the time is up.
        """
        try:
            async with asyncio.timeout(self.seconds):
                return await self._follow(url, report)
        except TimeoutError:
            raise StepTimeout(f"the page did not arrive within {self.seconds:g} seconds") from None

    async def _follow(self, url: str, report: Report | None) -> Fetched:
        target = self.policy.checked(url)
        for _ in range(MAX_REDIRECTS + 1):
            addresses = await self._addresses(target)
            if report is not None:
                await report("resolve", 0, None)
            response = await self._get(target, addresses)
            try:
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    return await self._read(target, response, report)
                target = self._next(target, response.headers["location"])
            finally:
                await response.aclose()
        raise Permanent(f"more than {MAX_REDIRECTS} redirects")

    def _next(self, current: httpx.URL, location: str) -> httpx.URL:
        following = self.policy.checked(location, base=current)
        if current.scheme == "https" and following.scheme != "https":
            raise Refused("a redirect leads from https to http")
        return following

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """The addresses to dial: all of them, or none if any one may not be dialled (a record mixed in is no accident)."""
        host, port = host_of(url), port_of(url)
        try:
            found = list(dict.fromkeys(await (self.resolver or resolve)(host, port)))
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise Transient("the host's name could not be resolved now") from error
            raise Permanent("the host's name does not resolve") from error
        except (OSError, UnicodeError) as error:
            raise Permanent("the host's name does not resolve") from error
        allowed = self.policy.is_allowed_host(url)
        # One answer for every reason: which addresses exist inside is nobody's business outside.
        if not found or any(is_metadata(address) or (not allowed and refusal(address)) for address in found):
            raise Refused("this address may not be fetched")
        return found

    async def _get(self, url: httpx.URL, addresses: Sequence[str]) -> httpx.Response:
        error: Exception | None = None
        for address in addresses:
            request = httpx.Request(
                "GET",
                url.copy_with(host=address, fragment=None),
                headers={"host": url.netloc.decode("ascii"), **_HEADERS},
                extensions={"sni_hostname": host_of(url), "timeout": {"connect": 5.0, "read": self.seconds, "write": 10.0, "pool": 5.0}},
            )
            transport = (self.make_transport or _transport)(self._tls)
            try:
                response = await transport.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
                error = failed
                await transport.aclose()
                continue
            except (httpx.TransportError, httpx.InvalidURL) as failed:
                await transport.aclose()
                raise Transient(f"the connection failed: {type(failed).__name__}") from failed
            except BaseException:
                await transport.aclose()
                raise
            response.stream = _Closing(cast(httpx.AsyncByteStream, response.stream), transport)
            return response
        raise Transient("no connection could be made") from error

    async def _read(self, url: httpx.URL, response: httpx.Response, report: Report | None) -> Fetched:
        if response.status_code != 200:
            raise _status_error(response.status_code)
        declared = response.headers.get("content-length", "")
        total = int(declared) if declared.isascii() and declared.isdigit() else None
        if total is not None and total > self.max_bytes:
            raise Permanent(f"the page is larger than {self.max_bytes} bytes")
        inflater = Inflater(response.headers.get("content-encoding", ""), self.max_bytes)
        wire, body = 0, bytearray()
        try:
            async for chunk in cast(httpx.AsyncByteStream, response.stream):
                wire += len(chunk)
                if wire > self.max_bytes:
                    raise Permanent(f"the page is larger than {self.max_bytes} bytes")
                body += inflater.feed(chunk)
                if report is not None:
                    await report("bytes", wire, total)
        except httpx.TransportError as error:
            raise Transient(f"the connection broke: {type(error).__name__}") from error
        body += inflater.end()
        kind, _, parameters = response.headers.get("content-type", "").partition(";")
        return Fetched(
            final_url=str(url.copy_with(fragment=None)),
            body=bytes(body),
            media_type=kind.strip().lower() or "text/html",
            charset=_charset(parameters),
            fetched_at=datetime.now(UTC),
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context(trust_env=False)


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(entry[4][0]) for entry in found]


def _transport(tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    # New for every request: a pool keyed by address would hand one host the TLS connection that was verified for another.
    return httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))


class _Closing(httpx.AsyncByteStream):
    """A body that closes the transport of its own when it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, transport: httpx.AsyncBaseTransport) -> None:
        self._stream = stream
        self._transport = transport

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
        await self._transport.aclose()


def _status_error(status: int) -> StepError:
    return Transient(f"the page answered {status}") if status in _LATER else Permanent(f"the page answered {status}")


def _charset(parameters: str) -> str | None:
    for part in parameters.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None
