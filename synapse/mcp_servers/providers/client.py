"""The door to a provider's HTTP API: an address the operator chose, and an answer that is not trusted.

No redirects, no cookies, no proxy from the environment, no connection used twice; bytes are counted on the wire and after decoding.
Requests go to the transport itself: a client of httpx would log their URLs.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, NoReturn, cast

import httpx
from pydantic import SecretStr

from synapse import __version__, trust
from synapse.egress.pauses import retry_after
from synapse.errors import InvalidInput, Permanent, Transient
from synapse.mcp_servers.inflate import Inflater
from synapse.mcp_servers.providers.base import Limited
from synapse.telemetry import tracing

MAX_BYTES: Final = 4_000_000
_LATER: Final = frozenset({408, 425, 500, 502, 503, 504})


class ApiClient:
    """Asks one API. ``seconds`` bounds an exchange as a whole; ``headers`` may hold a key and are shown nowhere."""

    def __init__(
        self,
        base_url: str,
        seconds: float = 10.0,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        try:
            url = httpx.URL(base_url.rstrip("/"))
        except httpx.InvalidURL:
            raise InvalidInput("the base URL of a search provider cannot be read") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise InvalidInput("the base URL of a search provider is neither http nor https")
        self._base = url.copy_with(username=None, password=None, query=None, fragment=None)
        self._headers = {
            "user-agent": f"Synapse/{__version__} (research reader)",
            "accept-encoding": "gzip, deflate",
            "connection": "close",
            **({"authorization": _basic(url)} if url.userinfo else {}),
            **(headers or {}),
        }
        self._seconds = seconds
        self._transport = transport

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> bytes:
        """The body of a 200. Raises Limited, Transient or Permanent for everything else."""
        return await self._body("GET", path, params=params)

    async def get_json(self, path: str, params: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """A JSON object. Raises like `get`, and Permanent for an answer that is none."""
        return json_object(await self._body("GET", path, params=params, headers={"accept": "application/json"}))

    async def post_json(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A JSON object for a JSON object. Raises like `get_json`."""
        return json_object(await self._body("POST", path, json=dict(body), headers={"accept": "application/json"}))

    async def status(self, path: str, seconds: float) -> int:
        """The status of an answer whose body is not read. Raises Transient when there is no answer."""
        try:
            async with asyncio.timeout(seconds):
                transport, response = await self._send("GET", path)
                await self._close(transport, response)
        except (TimeoutError, httpx.TransportError) as error:
            raise Transient(f"no answer: {type(error).__name__}") from None
        return response.status_code

    async def _body(self, method: str, path: str, **more: Any) -> bytes:
        try:
            async with asyncio.timeout(self._seconds):
                with tracing.child(f"HTTP {method}", kind="client", about={"server.address": self._base.host}):
                    transport, response = await self._send(method, path, **more)
                try:
                    if response.status_code != 200:
                        _refuse(response)
                    return await _read(response)
                finally:
                    await self._close(transport, response)
        except TimeoutError:
            raise Transient(f"no answer within {self._seconds:g} seconds") from None
        except httpx.TransportError as error:
            # Its words are left out, and it is no cause: they may repeat a header.
            raise Transient(f"the connection failed: {type(error).__name__}") from None

    async def _send(
        self, method: str, path: str, *, params: Any = None, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[httpx.AsyncBaseTransport, httpx.Response]:
        request = httpx.Request(
            method,
            self._base.copy_with(path=self._base.path.rstrip("/") + path),
            params=params,
            json=json,
            headers={**self._headers, **(headers or {})},
            extensions={"timeout": {"connect": 5.0, "read": self._seconds, "write": 10.0, "pool": 5.0}},
        )
        transport = self._transport or httpx.AsyncHTTPTransport(
            verify=self._tls, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
        try:
            return transport, await transport.handle_async_request(request)
        except BaseException:
            await self._close(transport, None)
            raise

    async def _close(self, transport: httpx.AsyncBaseTransport, response: httpx.Response | None) -> None:
        if response is not None:
            await response.aclose()
        if transport is not self._transport:
            await transport.aclose()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return trust.context()


def header_value(secret: SecretStr, variable: str) -> str:
    """A key as it stands in a header. Raises InvalidInput, without the key, for one that no header can hold."""
    value = secret.get_secret_value().strip()
    if not value or not all("\x21" <= character <= "\x7e" for character in value):
        raise InvalidInput(f"{variable} is empty or has characters that no key has")
    return value


def contact_headers(contact: str | None) -> dict[str, str]:
    """The caller with an address, where an API asks for one."""
    return {"user-agent": f"Synapse/{__version__} (research reader; mailto:{contact})"} if contact else {}


def json_object(body: bytes) -> dict[str, Any]:
    """The object that a body is. Raises Permanent for anything else, numbers that JSON does not have included."""
    try:
        answer = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Permanent("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise Permanent("the answer is not a JSON object")
    return answer


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


async def _read(response: httpx.Response) -> bytes:
    inflater = Inflater(response.headers.get("content-encoding", ""), MAX_BYTES)
    wire, body = 0, bytearray()
    try:
        async for chunk in cast(httpx.AsyncByteStream, response.stream):
            wire += len(chunk)
            if wire > MAX_BYTES:
                raise Permanent("too long")
            body += inflater.feed(chunk)
        return bytes(body + inflater.end())
    except Permanent:
        raise Permanent(f"the answer is larger than {MAX_BYTES} bytes, or its encoding is broken") from None


def _refuse(response: httpx.Response) -> NoReturn:
    status = response.status_code
    if status == 429 or (status == 503 and "retry-after" in response.headers):
        pause = retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
        raise Limited(f"answered {status}" + ("" if pause is None else f", to be asked again in {pause:.0f} s"), pause)
    raise Transient(f"answered {status}") if status in _LATER or status > 504 else Permanent(f"answered {status}")


def _basic(url: httpx.URL) -> str:
    return "Basic " + base64.b64encode(f"{url.username}:{url.password}".encode()).decode("ascii")
