"""A client session with one MCP server, opened when first needed and again when it was lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation
from pydantic import SecretStr

from synapse import __version__, trust
from synapse.tools.transport import Resilient

PROTOCOL: Final = "2026-07-28"
"""Pinned: no handshake, no session on the server, and calls are cheaper than under a negotiated revision."""

_MAX_EVENT: Final = 64 * 1024 * 1024
"""Bytes of one server-sent event; a page's text arrives as one, and the SDK's own limit of 1 MiB is below what pages have."""
_CONNECTIONS: Final = 64

Opener = Callable[[], AbstractAsyncContextManager[Client]]

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def open_client(url: str, token: SecretStr | None) -> AsyncIterator[Client]:
    """An MCP client over HTTP, open while the context is."""
    headers = {"authorization": f"Bearer {token.get_secret_value()}"} if token is not None else {}
    limits = httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    # Time limits are the caller's, per call; these only keep a dead peer from holding a connection for ever.
    timeout = httpx2.Timeout(connect=5.0, read=600.0, write=30.0, pool=30.0)
    # No proxy from the environment: it would be handed the token and every page.
    tls = trust.widened(httpx2.create_ssl_context(trust_env=False))
    transport = Resilient(httpx2.AsyncHTTPTransport(verify=tls, limits=limits, trust_env=False))
    async with httpx2.AsyncClient(transport=transport, headers=headers, timeout=timeout, trust_env=False) as http:
        streams = streamable_http_client(url, http_client=http, max_sse_event_size=_MAX_EVENT)
        info = Implementation(name="synapse", version=__version__)
        async with Client(streams, mode=PROTOCOL, client_info=info) as client:
            yield client


class Session:
    """Keeps one client open. All methods run on the same event loop."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._lock = asyncio.Lock()
        self._client: Client | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def client(self) -> Client:
        """The open client. Raises what opening it raises."""
        async with self._lock:
            if self._client is None:
                self._client = await self._open()
            return self._client

    async def discard(self, client: Client) -> None:
        """Give up a client that no longer works; the next caller opens another. Harmless when somebody did so already."""
        async with self._lock:
            if self._client is client:
                await self._close()

    async def close(self) -> None:
        """Close the client, if one is open."""
        async with self._lock:
            await self._close()

    async def _open(self) -> Client:
        ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._stop = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep(ready, self._stop), name="mcp-session")
        return await ready

    async def _close(self) -> None:
        keeper, self._keeper, self._client = self._keeper, None, None
        if keeper is not None:
            self._stop.set()
            await asyncio.wait([keeper], timeout=5)

    async def _keep(self, ready: asyncio.Future[Client], stop: asyncio.Event) -> None:
        # Entered and left in one task, as the cancel scopes inside it demand.
        try:
            async with self._opener() as client:
                ready.set_result(client)
                await stop.wait()
        except Exception as error:
            if not ready.done():
                ready.set_exception(error)
            else:
                _log.debug("an MCP session ended: %r", error)
