"""Tools over MCP: sessions shared by all steps of a process, and the toolbox of one step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeVar, cast

from mcp import MCPError
from mcp_types import CONNECTION_CLOSED, CallToolResult, RequestParamsMeta
from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from pydantic import BaseModel, ValidationError

from synapse.contracts import wire
from synapse.contracts.blobs import BlobStore
from synapse.contracts.evidence import Page
from synapse.contracts.llm import Model, Usage
from synapse.contracts.toolbox import SavedFile, SearchResults, StepContext
from synapse.errors import Permanent, StepTimeout, Transient
from synapse.settings import ToolSettings
from synapse.tools import faults
from synapse.tools.llm import Models
from synapse.tools.loop import BackgroundLoop, process_loop
from synapse.tools.session import Session, open_client
from synapse.tools.transport import request_id

PRIMARY: Final = "primary"
FILESYSTEM: Final = "filesystem"

ProgressCallback = Callable[[float, float, str], Awaitable[None]]
"""(done, total, message); total is 0 when nobody knows it. Awaited on the background loop; what it raises is logged and dropped."""

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_ATTEMPTS = 3

_log = logging.getLogger(__name__)


class McpTools:
    """The MCP servers an operator configured. Nothing is opened before the first call; a forked child opens its own."""

    def __init__(self, settings: ToolSettings, loop: BackgroundLoop | None = None) -> None:
        self._settings = settings
        self._given_loop = loop
        self._sessions: dict[str, Session] = {}
        self._sessions_loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> BackgroundLoop:
        """The loop the sessions live on: the one given, else the process's own."""
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
        """Close all sessions. A later call opens them again."""
        if self._sessions_loop is None or self._sessions_loop.is_closed() or self.loop.closed:
            return
        await self._on_loop(self._close_sessions)

    def close(self) -> None:
        """Like `aclose`, from a thread that runs no event loop."""
        if self._sessions_loop is not None and not self.loop.closed and not self._sessions_loop.is_closed():
            with suppress(StepTimeout):
                self.loop.run(self._close_sessions(), timeout=10)

    async def _on_loop(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if asyncio.get_running_loop() is self.loop.loop:
            return await work()
        return await asyncio.wrap_future(self.loop.submit(work()))

    async def _close_sessions(self) -> None:
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()

    def _session(self, server: str) -> Session:
        here = asyncio.get_running_loop()
        if self._sessions_loop is not here:
            # After a fork the sessions of the parent are still in this dictionary, on a loop that no longer runs.
            self._sessions, self._sessions_loop = {}, here
        if server not in self._sessions:
            url = {PRIMARY: self._settings.mcp_primary_url, FILESYSTEM: self._settings.mcp_filesystem_url}[server]
            self._sessions[server] = Session(partial(open_client, url, self._settings.mcp_token))
        return self._sessions[server]

    async def _call(
        self, server: str, tool: str, arguments: dict[str, Any], context: StepContext, progress: ProgressCallback | None
    ) -> dict[str, Any]:
        seconds = self._settings.tool_timeout_seconds
        if context.deadline is not None:
            seconds = min(seconds, (context.deadline - datetime.now(UTC)).total_seconds())
        if seconds <= 0:
            raise StepTimeout(f"{tool}: the step's time was up before the call")
        request_id.set(context.idempotency_key)
        token = _attach(context.traceparent)
        try:
            async with asyncio.timeout(seconds):
                result = await self._attempt(server, tool, arguments, context, progress)
        except TimeoutError:
            raise StepTimeout(f"{tool}: no answer within {seconds:.3g} seconds") from None
        finally:
            if token is not None:
                otel_context.detach(token)
        if result.is_error:
            raise faults.of_result(tool, result)
        if not isinstance(result.structured_content, dict):
            raise Permanent(f"{tool}: the server gave no structured result")
        return result.structured_content

    async def _attempt(
        self, server: str, tool: str, arguments: dict[str, Any], context: StepContext, progress: ProgressCallback | None
    ) -> CallToolResult:
        """One call; again when its stream broke, and on a new session when this one is closed. Every tool may be called twice."""
        session = self._session(server)
        meta = cast(RequestParamsMeta, _meta(context))
        callback = partial(_forward, progress) if progress is not None else None
        for attempt in range(_ATTEMPTS):
            try:
                client = await session.client()
            except Exception as error:
                raise Transient(f"{tool}: cannot open a session with the {server} server: {error}") from error
            try:
                return await client.call_tool(tool, arguments, progress_callback=callback, meta=meta)
            except MCPError as error:
                # With data it is the transport's verdict on a server that does not answer: it tried twice already.
                if error.code != CONNECTION_CLOSED or error.data is not None or attempt == _ATTEMPTS - 1:
                    raise faults.of_protocol(tool, error) from error
                if attempt > 0:
                    await session.discard(client)
            except RuntimeError as error:
                raise Permanent(f"{tool}: {error}") from error
        raise AssertionError("unreachable")


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

    async def browse_and_extract(self, url: str) -> Page:
        """The main text of the page at a URL that a search gave."""
        return await self._call(PRIMARY, "browse_and_extract", {"url": url}, Page)

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
            await _forward(self._progress, done, total, message)

    def model(self, spent: Usage) -> Model | None:
        """The operator's language model with what is left of the run's budget; None when there is none."""
        return self._models.model(self._context, spent) if self._models is not None else None

    async def _call(self, server: str, tool: str, arguments: dict[str, Any], model: type[M]) -> M:
        result = await self._tools.call(server, tool, arguments, self._context, self._progress)
        try:
            return model.model_validate(result)
        except ValidationError as error:
            raise Permanent(f"{tool}: the server's answer has another shape: {error.error_count()} faults") from error


def _meta(context: StepContext) -> dict[str, Any]:
    meta: dict[str, Any] = {
        wire.RUN: context.run,
        wire.STEP: context.step,
        wire.AGENT: context.agent,
        wire.ATTEMPT: context.attempt,
        wire.IDEMPOTENCY_KEY: context.idempotency_key,
    }
    if context.traceparent is not None:
        meta[wire.TRACEPARENT] = context.traceparent
    return meta


def _attach(traceparent: str | None) -> Any:
    """Make the step's span the parent of the SDK's own, unless a span is current here; gives a token to detach."""
    if traceparent is None or trace.get_current_span().get_span_context().is_valid:
        return None
    return otel_context.attach(propagate.extract({"traceparent": traceparent}))


async def _forward(progress: ProgressCallback, done: float, total: float | None, message: str | None) -> None:
    try:
        await progress(done, total or 0.0, message or "")
    except Exception:
        _log.warning("a progress callback failed", exc_info=True)
