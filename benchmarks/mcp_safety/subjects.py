"""The servers under test: how each is started and asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import httpx
import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

import synapse
from synapse.tools.session import open_client

ROOT: Final = Path(synapse.__file__).parents[1]
SEAM: Final = Path(__file__).with_name("seam")
_STARTING: Final = 60.0


@dataclass(frozen=True)
class Said:
    """What a call came to: 'answer', 'error', 'hung' or 'crashed', with the text of it."""

    kind: str
    text: str


@dataclass(frozen=True)
class Session:
    """A server that runs, and a connection to it."""

    client: Client
    pid: int
    url: str | None = None

    async def ask(self, tool: str, arguments: Mapping[str, Any], seconds: float = 40.0) -> Said:
        """Call a tool, and never wait longer than so."""
        try:
            async with asyncio.timeout(seconds):
                result = await self.client.call_tool(tool, dict(arguments))
        except TimeoutError:
            return Said("hung", "")
        except Exception as error:
            await asyncio.sleep(0.2)
            return Said("error" if self.alive else "crashed", str(error))
        text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        if result.structured_content:
            text += json.dumps(result.structured_content, ensure_ascii=False)
        return Said("error" if result.is_error else "answer", text)

    @property
    def alive(self) -> bool:
        """Whether the server's process is there and no zombie."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False


Starting = contextlib.AbstractAsyncContextManager[Session]
"""A server while it runs."""


@dataclass(frozen=True)
class Fetching:
    """A server that fetches pages."""

    name: str
    tool: str
    start: Callable[[Mapping[str, str]], Starting]
    more: Mapping[str, Any] = field(default_factory=dict)

    async def fetch(self, session: Session, url: str, seconds: float = 40.0) -> Said:
        """Ask for a page."""
        return await session.ask(self.tool, {"url": url, **self.more}, seconds)


@dataclass(frozen=True)
class Files:
    """A server for files below a folder. ``place`` makes what it is asked for of a path below the root."""

    name: str
    start: Callable[[Path, Mapping[str, str]], Starting]
    reading: str
    writing: str
    place: Callable[[Path, str], str]
    quotas: bool = False

    async def read(self, session: Session, path: str, seconds: float = 15.0) -> Said:
        """Ask for a file's text."""
        return await session.ask(self.reading, {"path": path}, seconds)

    async def write(self, session: Session, path: str, content: str, seconds: float = 15.0) -> Said:
        """Ask for a file to be written."""
        return await session.ask(self.writing, {"path": path, "content": content}, seconds)


@contextlib.asynccontextmanager
async def apart(starting: Starting) -> AsyncIterator[Session]:
    """The session in a task of its own: a connection that breaks cancels the task that opened it, and a case must outlive that."""
    ready: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def keep() -> None:
        try:
            async with starting as session:
                ready.set_result(session)
                await done.wait()
        except Exception as error:
            if not ready.done():
                ready.set_exception(error)

    task = asyncio.create_task(keep())
    try:
        yield await ready
    finally:
        done.set()
        await asyncio.wait({task})


class Plain:
    """The part of an MCP client that a `Session` uses, by plain HTTP."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    async def call_tool(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """Post the arguments to the tool's own address."""
        response = await self._http.post(f"{self._url}/{tool}", json=arguments)
        return CallToolResult(content=[], structured_content=response.json(), is_error=response.status_code != 200)


@contextlib.asynccontextmanager
async def other_ways(session: Session) -> AsyncIterator[dict[str, Session]]:
    """The other ways to ask the same server, by what they are called: none for one that talks over its standard streams."""
    if session.url is None:
        yield {}
        return
    tools = session.url.removesuffix("/mcp") + "/tools"
    async with open_client(session.url, None) as client, httpx.AsyncClient(trust_env=False, timeout=40) as http:
        plain = cast(Client, Plain(http, tools))
        yield {"as its agents ask": Session(client, session.pid), "by plain HTTP": Session(plain, session.pid)}


def environment(world: Path | None = None, **more: str) -> dict[str, str]:
    """What a server under test finds in its environment: nothing of ours but the seam."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    if world is not None:
        kept |= {"PYTHONPATH": f"{SEAM}:{ROOT}", "SYNAPSE_BENCH_WORLD": str(world)}
    return {**kept, **more}


@contextlib.asynccontextmanager
async def over_http(which: str, home: Path, env: Mapping[str, str]) -> AsyncIterator[Session]:
    """One of our servers in a process of its own, over streamable HTTP."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (sys.executable, "-m", "synapse.cli.main", "mcp", which, "--port", str(port))
    settings = {"PYTHONPATH": str(ROOT), "SYNAPSE_HOME": str(home), "SYNAPSE_LOG_LEVEL": "error", **env}
    process = await asyncio.create_subprocess_exec(
        *command, env=settings, cwd=home, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        await _ready(url, process)
        async with _client(f"{url}/mcp", env.get("SYNAPSE_MCP_TOKEN")) as client:
            yield Session(client, process.pid, f"{url}/mcp")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()


@contextlib.asynccontextmanager
async def over_stdio(command: tuple[str, ...], folder: Path, env: Mapping[str, str]) -> AsyncIterator[Session]:
    """A peer in a process of its own, over its standard streams."""
    written = folder / "pid"
    script = 'echo $$ >"$0"; exec "$@"'
    with (folder / "stderr.txt").open("a") as errors:
        parameters = StdioServerParameters(command="/bin/sh", args=["-c", script, str(written), *command], env=dict(env), cwd=folder)
        async with Client(stdio_client(parameters, errlog=errors), cache=None) as client:
            yield Session(client, int(written.read_text()))


def _client(url: str, token: str | None) -> Client:
    if token is None:
        return Client(url, cache=None)
    return Client(streamable_http_client(url, http_client=httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"})), cache=None)


async def _ready(url: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(_STARTING), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                await client.get(f"{url}/healthz")
            except httpx.TransportError:
                if process.returncode is not None:
                    raise RuntimeError(f"a server under test ended with {process.returncode}") from None
                await asyncio.sleep(0.05)
            else:
                return
