from __future__ import annotations

from typing import Any

import pytest
from mcp import MCPError
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, REQUEST_TIMEOUT, CallToolResult, TextContent

from synapse.contracts.wire import ERROR, ToolFault
from synapse.errors import OutOfReach, Permanent, StepTimeout, Transient
from synapse.tools import faults
from synapse.tools.transport import HTTP_STATUS


def _failed(fault: Any) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text="it broke")], is_error=True, _meta={ERROR: fault} if fault else None)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ToolFault(code="permanent", retryable=False, message="no").model_dump(), Permanent),
        (ToolFault(code="transient", retryable=True, message="later").model_dump(), Transient),
        (ToolFault(code="timeout", retryable=True, message="late").model_dump(), StepTimeout),
        (ToolFault(code="not-found", retryable=False, message="gone").model_dump(), Permanent),
        (ToolFault(code="internal", retryable=True, message="ours").model_dump(), Transient),
        (None, Permanent),
        ({"nonsense": 1}, Permanent),
    ],
)
def test_a_failed_result_is_the_kind_its_fault_says(fault: Any, kind: type[Exception]) -> None:
    assert type(faults.of_result("tool", _failed(fault))) is kind


def test_the_pause_that_was_asked_for_comes_along() -> None:
    error = faults.of_result("tool", _failed(ToolFault(code="transient", retryable=True, message="busy", retry_after=7.0).model_dump()))
    assert isinstance(error, Transient)
    assert error.retry_after == 7.0


def test_a_failure_names_the_tool_and_what_it_said() -> None:
    assert str(faults.of_result("search_web", _failed(None))) == "search_web: it broke"
    assert "did not say why" in str(faults.of_result("t", CallToolResult(content=[], is_error=True)))


@pytest.mark.parametrize(
    ("code", "data", "kind"),
    [
        (REQUEST_TIMEOUT, None, StepTimeout),
        (CONNECTION_CLOSED, None, Transient),
        (CONNECTION_CLOSED, {HTTP_STATUS: 0}, OutOfReach),
        (INTERNAL_ERROR, None, Transient),
        (INTERNAL_ERROR, {HTTP_STATUS: 503}, Transient),
        (INTERNAL_ERROR, {HTTP_STATUS: 429}, Transient),
        (INTERNAL_ERROR, {HTTP_STATUS: 401}, Permanent),
        (INTERNAL_ERROR, {HTTP_STATUS: 421}, Permanent),
        (INTERNAL_ERROR, {HTTP_STATUS: 404}, Permanent),
        (INVALID_PARAMS, None, Permanent),
        (METHOD_NOT_FOUND, None, Permanent),
    ],
)
def test_a_protocol_error_is_retried_only_when_that_may_help(code: int, data: Any, kind: type[Exception]) -> None:
    assert type(faults.of_protocol("tool", MCPError(code, "words", data))) is kind


def test_a_refused_token_comes_with_its_remedy() -> None:
    assert "SYNAPSE_MCP_TOKEN" in str(faults.of_protocol("tool", MCPError(INTERNAL_ERROR, "401", {HTTP_STATUS: 401})))
