"""Every way an MCP call can fail, as the kinds the engine knows: Transient, and OutOfReach of them, StepTimeout, Permanent."""

from __future__ import annotations

from typing import Any

from mcp import MCPError
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, REQUEST_TIMEOUT, CallToolResult, TextContent
from pydantic import ValidationError

from synapse.contracts.wire import ERROR, ToolFault
from synapse.errors import OutOfReach, Permanent, StepError, StepTimeout, Transient
from synapse.tools.transport import HTTP_STATUS

_RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_REMEDIES = {
    401: "SYNAPSE_MCP_TOKEN must be the same for the worker and the MCP server",
    403: "the MCP server refused the Origin",
    421: "add the host name to SYNAPSE_MCP_ALLOWED_HOSTS of the MCP server",
}


def of_result(tool: str, result: CallToolResult) -> StepError:
    """The error that a failed tool result stands for. One without Synapse's fault, from a foreign server, is Permanent."""
    text = " ".join(part.text for part in result.content if isinstance(part, TextContent)) or "the tool failed and did not say why"
    try:
        fault = ToolFault.model_validate((result.meta or {}).get(ERROR))
    except ValidationError:
        return Permanent(f"{tool}: {text}")
    return of_code(fault.code, fault.retryable, f"{tool}: {fault.message}", fault.retry_after)


def of_code(code: str, retryable: bool, message: str, retry_after: float | None = None) -> StepError:
    """The error of that code."""
    if code == StepTimeout.code:
        return StepTimeout(message)
    return Transient(message, retry_after=retry_after) if retryable else Permanent(message)


def of_protocol(tool: str, error: MCPError) -> StepError:
    """The error that a JSON-RPC error, or a lost connection dressed as one, stands for."""
    if error.code == REQUEST_TIMEOUT:
        return StepTimeout(f"{tool}: no answer in time")
    status = _status(error.data)
    if status == 0:
        return OutOfReach(f"{tool}: {error.message}")
    if error.code == CONNECTION_CLOSED or (error.code == INTERNAL_ERROR and (status is None or status in _RETRY_STATUS)):
        return Transient(f"{tool}: {error.message}")
    return Permanent(f"{tool}: {error.message}", remedy=_REMEDIES.get(status or 0))


def _status(data: Any) -> int | None:
    status = data.get(HTTP_STATUS) if isinstance(data, dict) else None
    return status if isinstance(status, int) else None
