"""Tools over MCP: connections shared by all steps of a process, and the toolbox of one step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Any, Final, Protocol, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from synapse.contracts import wire
from synapse.contracts.blobs import BlobStore
from synapse.contracts.browsed import BrowsedPage
from synapse.contracts.llm import Model, Usage
from synapse.contracts.toolbox import SavedFile, SearchResults, StepContext
from synapse.errors import Permanent, StepError, StepTimeout
from synapse.faults import reach
from synapse.settings import ToolSettings
from synapse.telemetry import metrics
from synapse.tools.llm import Models
from synapse.tools.loading import load
from synapse.tools.loop import BackgroundLoop, process_loop
from synapse.tools.progress import ProgressCallback, forward

PRIMARY: Final = "primary"
FILESYSTEM: Final = "filesystem"

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_SDK: Final = "synapse.tools.connection:connect"


class Connection(Protocol):
    """The way to one MCP server; its methods run on the background loop."""

    async def call(self, tool: str, arguments: dict[str, Any], context: StepContext, progress: ProgressCallback | None) -> dict[str, Any]:
        """The structured result of a tool, as JSON. Raises Transient, StepTimeout or Permanent."""

    async def close(self) -> None:
        """Close what is open. A later call opens it again."""


Connect = Callable[[str, str, SecretStr | None], Connection]
"""(name, URL, token) → a connection that opens with its first call."""


class McpTools:
    """The MCP servers an operator configured. Nothing is opened before the first call; a forked child opens its own.

    ``connect`` is that of the official SDK unless given, and imported with the first call.
    """

    def __init__(self, settings: ToolSettings, loop: BackgroundLoop | None = None, connect: Connect | None = None) -> None:
        self._settings = settings
        self._given_loop = loop
        self._connect = connect
        self._connections: dict[str, Connection] = {}
        self._connections_loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> BackgroundLoop:
        """The loop the connections live on: the one given, else the process's own."""
        return self._given_loop or process_loop()

    def toolbox(
        self, context: StepContext, *, blobs: BlobStore, progress: ProgressCallback | None = None, models: Models | None = None
    ) -> McpToolbox:
        """The tools of one step attempt."""
        return McpToolbox(self, context, blobs, progress, models)

    async def call(
        self, server: str, tool: str, arguments: dict[str, Any], context: StepContext, progress: ProgressCallback | None = None
    ) -> dict[str, Any]:
        """The structured result of a tool, as JSON. May be awaited on any event loop.

        Raises Transient, StepTimeout or Permanent, whatever went wrong, and StepTimeout at once when the deadline has passed.
        """
        return await self._on_loop(partial(self._call, server, tool, arguments, context, progress))

    async def aclose(self) -> None:
        """Close all connections. A later call opens them again."""
        if self._connections_loop is None or self._connections_loop.is_closed() or self.loop.closed:
            return
        await self._on_loop(self._close_connections)

    def close(self) -> None:
        """Like `aclose`, from a thread that runs no event loop."""
        if self._connections_loop is not None and not self.loop.closed and not self._connections_loop.is_closed():
            with suppress(StepTimeout):
                self.loop.run(self._close_connections(), timeout=10)

    async def _on_loop(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if asyncio.get_running_loop() is self.loop.loop:
            return await work()
        return await asyncio.wrap_future(self.loop.submit(work()))

    async def _close_connections(self) -> None:
        connections, self._connections = list(self._connections.values()), {}
        for connection in connections:
            await connection.close()

    async def _connection(self, server: str) -> Connection:
        here = asyncio.get_running_loop()
        if self._connections_loop is not here:
            # After a fork the connections of the parent are still in this dictionary, on a loop that no longer runs.
            self._connections, self._connections_loop = {}, here
        if self._connect is None:
            self._connect = await load(_SDK)
        if server not in self._connections:
            url = {PRIMARY: self._settings.mcp_primary_url, FILESYSTEM: self._settings.mcp_filesystem_url}[server]
            self._connections[server] = self._connect(server, url, self._settings.mcp_token)
        return self._connections[server]

    async def _call(
        self, server: str, tool: str, arguments: dict[str, Any], context: StepContext, progress: ProgressCallback | None
    ) -> dict[str, Any]:
        seconds = self._settings.tool_timeout_seconds
        if context.deadline is not None:
            seconds = min(seconds, (context.deadline - datetime.now(UTC)).total_seconds())
        if seconds <= 0:
            raise StepTimeout(f"{tool}: the step's time was up before the call")
        try:
            async with asyncio.timeout(seconds):
                connection = await self._connection(server)
                # The server need not be at it for longer than somebody waits.
                bounded = context.model_copy(update={"deadline": datetime.now(UTC) + timedelta(seconds=seconds)})
                return await connection.call(tool, arguments, bounded, progress)
        except TimeoutError:
            raise StepTimeout(f"{tool}: no answer within {seconds:.3g} seconds") from None


class McpToolbox:
    """The tools of one step attempt, over MCP; see `synapse.contracts.toolbox.Toolbox`."""

    def __init__(
        self, tools: McpTools, context: StepContext, blobs: BlobStore, progress: ProgressCallback | None, models: Models | None = None
    ) -> None:
        self._tools = tools
        self._context = context
        self._blobs = blobs
        self._progress = progress
        self._models = models

    @property
    def context(self) -> StepContext:
        """Who is asking."""
        return self._context

    async def search_web(self, query: str, *, limit: int = 10, corpus: str | None = None) -> SearchResults:
        """Ranked sources for a query; with ``corpus`` only that local corpus is asked."""
        return await self._call(PRIMARY, "search_web", {"query": query, "limit": limit, "corpus": corpus}, SearchResults)

    async def browse_and_extract(self, url: str, *, max_bytes: int | None = None) -> BrowsedPage:
        """The main text of the page at a URL that a search gave; ``max_bytes`` bounds what is fetched for it."""
        bounds = {} if max_bytes is None else {"max_bytes": max_bytes}
        return await self._call(PRIMARY, "browse_and_extract", {"url": url, **bounds}, BrowsedPage)

    async def save_file(self, path: str, content: str) -> SavedFile:
        """Write a text file below the output root, whole or not at all."""
        return await self._call(FILESYSTEM, "save_file", {"path": path, "content": content}, SavedFile)

    async def read_file(self, path: str) -> str:
        """Read a text file below the output root."""
        return (await self._call(FILESYSTEM, "read_file", {"path": path}, wire.FileContent)).content

    async def put_blob(self, data: bytes) -> str:
        """Store bytes; returns their sha256 in hex."""
        return await self._blobs.put(data)

    async def get_blob(self, sha256: str) -> bytes:
        """The bytes stored under that sha256."""
        return await self._blobs.get(sha256)

    async def progress(self, done: float, total: float, message: str = "") -> None:
        """Say how far the step is; never fails."""
        if self._progress is not None:
            await forward(self._progress, done, total, message)

    def model(self, spent: Usage) -> Model | None:
        """The operator's language model with what is left of the run's budget; None when there is none."""
        return self._models.model(self._context, spent) if self._models is not None else None

    async def _call(self, server: str, tool: str, arguments: dict[str, Any], model: type[M]) -> M:
        with _counted(tool):
            reach("in-tool", tool)
            result = await self._tools.call(server, tool, arguments, self._context, self._progress)
            try:
                return model.model_validate(result)
            except ValidationError as error:
                raise Permanent(f"{tool}: the server's answer has another shape: {error.error_count()} faults") from error


@contextmanager
def _counted(tool: str) -> Iterator[None]:
    """Counts one call by what became of it: ok, cancelled, error, or the code of a StepError."""
    started, outcome = perf_counter(), "error"
    try:
        yield
        outcome = "ok"
    except StepError as error:
        outcome = error.code
        raise
    except asyncio.CancelledError:
        outcome = "cancelled"
        raise
    finally:
        metrics.TOOL_CALLS.labels(tool, outcome).inc()
        metrics.TOOL_SECONDS.labels(tool).observe(perf_counter() - started)
