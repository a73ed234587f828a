"""Calls to one MCP server over the official SDK: sessions, tries, traces.

The SDK takes 25 MB and a third of a second to import. Only this module and those it imports know it; `synapse.tools.mcp` loads it
with a process's first tool call, so that a worker whose agents call no tool never does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from mcp import MCPError
from mcp_types import CONNECTION_CLOSED, CallToolResult, RequestParamsMeta
from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from pydantic import SecretStr, ValidationError

from synapse.contracts import wire
from synapse.contracts.toolbox import StepContext
from synapse.errors import Permanent, Transient
from synapse.tools import faults
from synapse.tools.progress import InOrder, ProgressCallback
from synapse.tools.session import Opener, Session, open_client
from synapse.tools.transport import request_id

_ATTEMPTS = 3


def connect(name: str, url: str, token: SecretStr | None) -> SdkConnection:
    """The connection with the server of that name. Nothing is opened before its first call."""
    return SdkConnection(name, partial(open_client, url, token))


class SdkConnection:
    """One MCP server; see `synapse.tools.mcp.Connection`. All methods run on the same event loop."""

    def __init__(self, name: str, opener: Opener) -> None:
        self._name = name
        self._session = Session(opener)

    async def call(
        self, tool: str, arguments: dict[str, Any], context: StepContext, progress: ProgressCallback | None = None
    ) -> dict[str, Any]:
        """The structured result of a tool, as JSON. Raises Transient, StepTimeout or Permanent."""
        request_id.set(context.idempotency_key)
        token = _attach(context.traceparent)
        try:
            result = await self._attempt(tool, arguments, context, progress)
        finally:
            if token is not None:
                otel_context.detach(token)
        if result.is_error:
            raise faults.of_result(tool, result)
        if not isinstance(result.structured_content, dict):
            raise Permanent(f"{tool}: the server gave no structured result")
        return result.structured_content

    async def close(self) -> None:
        """Close the session, if one is open. A later call opens another."""
        await self._session.close()

    async def _attempt(
        self, tool: str, arguments: dict[str, Any], context: StepContext, progress: ProgressCallback | None
    ) -> CallToolResult:
        """One call; again when its stream broke, and on a new session when this one is closed. Every tool may be called twice."""
        meta = cast(RequestParamsMeta, _meta(context))
        callback = InOrder(progress) if progress is not None else None
        for attempt in range(_ATTEMPTS):
            try:
                client = await self._session.client()
            except Exception as error:
                raise Transient(f"{tool}: cannot open a session with the {self._name} server: {error}") from error
            try:
                return await client.call_tool(tool, arguments, progress_callback=callback, meta=meta)
            except MCPError as error:
                # With data it is the transport's verdict on a server that does not answer: it tried twice already.
                if error.code != CONNECTION_CLOSED or error.data is not None or attempt == _ATTEMPTS - 1:
                    raise faults.of_protocol(tool, error) from error
                if attempt > 0:
                    await self._session.discard(client)
            except RuntimeError as error:
                raise Permanent(f"{tool}: {error}") from error
            except ValidationError as error:
                # The SDK's own words would repeat what the server sent.
                raise Permanent(f"{tool}: the server's answer is not MCP: {error.error_count()} faults") from error
        raise AssertionError("unreachable")


def _meta(context: StepContext) -> dict[str, Any]:
    meta: dict[str, Any] = {
        wire.RUN: context.run,
        wire.STEP: context.step,
        wire.AGENT: context.agent,
        wire.ATTEMPT: context.attempt,
        wire.IDEMPOTENCY_KEY: context.idempotency_key,
    }
    if context.deadline is not None:
        meta[wire.SECONDS_LEFT] = round(max(0.0, (context.deadline - datetime.now(UTC)).total_seconds()), 3)
    if context.traceparent is not None:
        meta[wire.TRACEPARENT] = context.traceparent
    return meta


def _attach(traceparent: str | None) -> Any:
    """Make the step's span the parent of the SDK's own, unless a span is current here; gives a token to detach."""
    if traceparent is None or trace.get_current_span().get_span_context().is_valid:
        return None
    return otel_context.attach(propagate.extract({"traceparent": traceparent}))
