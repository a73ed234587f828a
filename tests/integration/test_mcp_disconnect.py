"""A client that goes away ends its tool call where it is: both revisions of MCP and plain HTTP, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from mcp.server.mcpserver import Context
from pydantic import BaseModel

from synapse.mcp_servers.app import build, new_server
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.tool import guarded
from synapse.settings import McpServerSettings
from tests.conformance.serving import served
from tests.waiting import PATIENCE, until

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}  # fmt: skip
MODERN = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "wait"}


class Waited(BaseModel):
    seconds: float


@dataclass
class Told:
    """What became of the calls of the tool, by the name that each was given."""

    begun: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Way:
    """How the tool is called."""

    path: str
    headers: dict[str, str]
    mcp: bool = True
    modern: bool = False
    progress: bool = False

    def body(self, name: str, progress: bool) -> bytes:
        arguments = {"name": name, "progress": progress}
        if not self.mcp:
            return json.dumps(arguments).encode()
        meta: dict[str, Any] = {**(META if self.modern else {}), **({"progressToken": "p"} if progress else {})}
        params = {"name": "wait", "arguments": arguments, "_meta": meta}
        return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()


WAYS = {
    "2026-07-28": Way("/mcp", MODERN, modern=True),
    "2026-07-28 with progress": Way("/mcp", MODERN, modern=True, progress=True),
    "2025-11-25": Way("/mcp", {"mcp-protocol-version": "2025-11-25"}),
    "2025-11-25 with progress": Way("/mcp", {"mcp-protocol-version": "2025-11-25"}, progress=True),
    "plain": Way("/tools/wait", {"accept": "application/json"}, mcp=False),
    "plain events": Way("/tools/wait", {"accept": "text/event-stream"}, mcp=False, progress=True),
}


@pytest.fixture(scope="module")
def told() -> Told:
    return Told()


@pytest.fixture(scope="module")
def url(told: Told) -> Iterator[str]:
    """A server with one tool, which waits for ever when it is named so."""
    server, metrics = new_server("test", ""), ServerMetrics()

    @server.tool()
    @guarded(metrics, lambda waited: "waited")
    async def wait(name: str, progress: bool, ctx: Context) -> Waited:
        """Wait."""
        told.begun.append(name)
        try:
            if progress:
                await ctx.report_progress(1.0, 2.0, "waiting")
            if not name.startswith("short"):
                await asyncio.sleep(10 * PATIENCE)
        except asyncio.CancelledError:
            told.cancelled.append(name)
            raise
        told.finished.append(name)
        return Waited(seconds=0)

    with served(build(server, McpServerSettings(), metrics, {})) as address:
        yield address.removesuffix("/mcp")


def _called(url: str, way: Way, name: str) -> socket.socket:
    """A connection on which the tool was called, and nothing was read yet."""
    parts, body = urlsplit(url), way.body(name, way.progress)
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json", **way.headers}
    lines = [f"POST {way.path} HTTP/1.1", f"host: {parts.netloc}", f"content-length: {len(body)}"]
    lines += [f"{header}: {value}" for header, value in headers.items()]
    connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE)
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    return connection


def _cancelled(url: str) -> float:
    page = httpx.get(f"{url}/metrics", trust_env=False).text
    found = [line for line in page.splitlines() if line.startswith('synapse_mcp_tool_calls_total{outcome="cancelled",tool="wait"} ')]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_client_that_goes_away_ends_its_call_and_no_other(url: str, told: Told, way: str, reset: bool) -> None:
    gone, stays = f"{way} {reset}", f"{way} {reset} stays"
    before = _cancelled(url)
    other = _called(url, WAYS[way], stays)
    connection = _called(url, WAYS[way], gone)
    until(lambda: {gone, stays} <= set(told.begun), "both calls are under way")
    if WAYS[way].progress:
        # In the middle of a stream: its head and the first event are there.
        until(lambda: b"waiting" in connection.recv(65_536, socket.MSG_PEEK), "progress was told")
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()
    until(lambda: gone in told.cancelled, "the call was ended")
    assert stays not in told.cancelled
    until(lambda: _cancelled(url) == before + 1, "it counts as cancelled")
    other.close()
    until(lambda: stays in told.cancelled, "the other was ended when its own client went")
    assert told.finished == [name for name in told.finished if name.startswith("short")]


@pytest.mark.parametrize("way", WAYS)
def test_a_client_that_stays_gets_its_answer(url: str, told: Told, way: str) -> None:
    with _called(url, WAYS[way], f"short {way}") as connection:
        until(lambda: b"seconds" in connection.recv(65_536, socket.MSG_PEEK), "the answer is there")
    assert f"short {way}" in told.finished
