"""What every tool gets: its failure as a fault that programs can read, and its numbers."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, ParamSpec, TypeVar

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel

from synapse.contracts.wire import ERROR, ToolFault
from synapse.egress.refused import Refused
from synapse.errors import SynapseError, Transient
from synapse.mcp_servers.metrics import ServerMetrics

P = ParamSpec("P")
M = TypeVar("M", bound=BaseModel)

_log = logging.getLogger(__name__)

INTERNAL: Final = ToolFault(code="internal", retryable=True, message="the tool failed for a reason of its own; the server's log has it")


def guarded(metrics: ServerMetrics, show: Callable[[M], str]) -> Callable[[Callable[P, Awaitable[M]]], Callable[P, Awaitable[Any]]]:
    """Make a tool of a function that returns a model and raises `synapse.errors`; ``show`` words the result for a person.

    An error of another kind is a fault of ours: it is logged here and says nothing to the caller.
    """

    def decorate(function: Callable[P, Awaitable[M]]) -> Callable[P, Awaitable[Any]]:
        tool = function.__name__

        @functools.wraps(function)
        async def run(*args: P.args, **kwargs: P.kwargs) -> CallToolResult:
            started = time.perf_counter()
            outcome = "cancelled"
            metrics.running.labels(tool).inc()
            try:
                result = await function(*args, **kwargs)
                text = show(result)
                metrics.bytes.labels(tool).inc(len(text.encode("utf-8", "replace")))
                outcome = "ok"
                return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=result.model_dump(mode="json"))
            except Exception as error:
                outcome = "error"
                fault = fault_of(tool, error)
                if isinstance(error, Refused):
                    metrics.refused(error.rule)
                metrics.errors.labels(tool, fault.code).inc()
                return CallToolResult(
                    content=[TextContent(type="text", text=fault.message)], is_error=True, _meta={ERROR: fault.model_dump(mode="json")}
                )
            finally:
                metrics.running.labels(tool).dec()
                metrics.calls.labels(tool, outcome).inc()
                metrics.seconds.labels(tool).observe(time.perf_counter() - started)

        return run

    return decorate


def fault_of(tool: str, error: Exception) -> ToolFault:
    """What a caller is told of an error; one that is ours is logged, and the caller told no more than that."""
    if isinstance(error, SynapseError):
        pause = error.retry_after if isinstance(error, Transient) else None
        return ToolFault(code=error.code, retryable=error.retryable, message=str(error), retry_after=pause)
    if isinstance(error, TimeoutError):
        return ToolFault(code="timeout", retryable=True, message="the tool's own time ran out")
    _log.error("tool %s failed unexpectedly", tool, exc_info=error)
    return INTERNAL
