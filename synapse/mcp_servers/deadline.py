"""A tool call ends when its caller's time is over, also where nothing tells the server that the caller has gone."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import CallToolResult, TextContent

from synapse.contracts.wire import ERROR, SECONDS_LEFT, ToolFault
from synapse.errors import StepTimeout


async def within_deadline(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware of the MCP server: a call that says how long its caller waits is given no longer."""
    seconds = seconds_left(ctx.params) if ctx.method == "tools/call" else None
    if seconds is None:
        return await call_next(ctx)
    try:
        async with asyncio.timeout(seconds) as limit:
            return await call_next(ctx)
    except TimeoutError:
        if not limit.expired():
            raise
    message = f"the caller's {seconds:.3g} seconds are over"
    fault = ToolFault(code=StepTimeout.code, retryable=StepTimeout.retryable, message=message)
    return CallToolResult(content=[TextContent(type="text", text=message)], is_error=True, _meta={ERROR: fault.model_dump(mode="json")})


def seconds_left(params: Mapping[str, Any] | None) -> float | None:
    """What a call says of its caller's patience; None where it says nothing, or nothing that is a time."""
    meta = (params or {}).get("_meta")
    said = meta.get(SECONDS_LEFT) if isinstance(meta, Mapping) else None
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not math.isfinite(said):
        return None
    return max(0.0, float(said))
