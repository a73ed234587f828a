"""The only way out: a host is resolved once, every address is checked, and a checked address is what is dialled.

The host's name is kept for TLS and for ``Host``. No cookies, no proxy from the environment, no connection is used twice.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, cast

import httpx

from synapse import __version__, trust
from synapse.egress.addresses import is_metadata, refusal
from synapse.egress.refused import Refused
from synapse.egress.urls import UrlPolicy, host_of, port_of
from synapse.errors import Permanent, Transient
from synapse.telemetry import tracing

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → addresses as text, in the order to try them."""

AGENT: Final = f"Synapse/{__version__} (research reader)"
ENCODINGS: Final = "gzip, deflate"
_MOST_ADDRESSES: Final = 8
"""Dialled one after the other; a name with hundreds of records is there to keep somebody busy."""


@dataclass(frozen=True)
class Dialler:
    """Makes single requests to addresses that ``policy`` lets be dialled. Follows no redirect and bounds no body: its callers do."""

    policy: UrlPolicy
    resolver: Resolver | None = None
    make_transport: Callable[[ssl.SSLContext], httpx.AsyncBaseTransport] | None = None

    async def addresses(self, url: httpx.URL) -> list[str]:
        """The addresses to dial: all of them, or none if any one may not be dialled (a record mixed in is no accident).

        Raises Refused for those, Permanent for a name that does not resolve, Transient for one that does not now.
        """
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
            raise Refused("this address may not be fetched", "address")
        return found

    async def send(
        self,
        url: httpx.URL,
        addresses: Sequence[str],
        headers: Mapping[str, str],
        seconds: float,
        *,
        method: str = "GET",
        content: bytes = b"",
    ) -> httpx.Response:
        """The response to one request, its body unread; the caller closes it. ``seconds`` is how long a silence may last.

        Raises Transient when no connection comes about, or when what answers does not speak HTTP.
        """
        error: Exception | None = None
        for address in addresses[:_MOST_ADDRESSES]:
            request = httpx.Request(
                method,
                url.copy_with(host=address, username=None, password=None, fragment=None),
                headers={"host": _host_header(url), "accept-encoding": ENCODINGS, "connection": "close", **headers},
                content=content or None,
                extensions={"sni_hostname": host_of(url), "timeout": {"connect": 5.0, "read": seconds, "write": 10.0, "pool": 5.0}},
            )
            transport = (self.make_transport or _transport)(self._tls)
            try:
                with tracing.child(f"HTTP {method}", kind="client", about={"server.address": host_of(url)}):
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

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return trust.context()


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(entry[4][0]) for entry in found]


def _host_header(url: httpx.URL) -> str:
    return url.netloc.decode("ascii").rpartition("@")[2]


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
