from __future__ import annotations

import asyncio
import logging

import pytest
from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel

from synapse.contracts.wire import ERROR, ToolFault
from synapse.errors import Permanent, StepTimeout, Transient
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.tool import guarded


class Answer(BaseModel):
    value: int


def _show(answer: Answer) -> str:
    return f"the value is {answer.value}"


async def _call(error: BaseException | None, metrics: ServerMetrics | None = None) -> CallToolResult:
    @guarded(metrics or ServerMetrics(), _show)
    async def compute(value: int) -> Answer:
        if error is not None:
            raise error
        return Answer(value=value)

    result = await compute(7)
    assert isinstance(result, CallToolResult)
    return result


def _fault(result: CallToolResult) -> ToolFault:
    assert result.is_error
    return ToolFault.model_validate((result.meta or {})[ERROR])


async def test_a_result_is_given_to_programs_and_in_words() -> None:
    result = await _call(None)
    assert result.structured_content == {"value": 7}
    assert result.content == [TextContent(type="text", text="the value is 7")]


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (Permanent("no"), "permanent", False),
        (Transient("later"), "transient", True),
        (StepTimeout("late"), "timeout", True),
        (TimeoutError(), "timeout", True),
    ],
)
async def test_a_failure_says_its_kind_to_programs(error: Exception, code: str, retryable: bool) -> None:
    fault = _fault(await _call(error))
    assert (fault.code, fault.retryable) == (code, retryable)


async def test_the_pause_that_was_asked_for_is_told_and_otherwise_nothing() -> None:
    asked, silent = await _call(Transient("busy", retry_after=7.0)), await _call(Transient("busy"))
    assert _fault(asked).retry_after == 7.0
    assert "retry_after" not in (silent.meta or {})[ERROR]


async def test_an_unexpected_error_is_logged_here_and_says_nothing_to_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        result = await _call(KeyError("/home/operator/secret"))
    assert _fault(result).code == "internal"
    assert "secret" not in result.model_dump_json()
    assert "secret" in caplog.text


async def test_calls_errors_and_durations_are_counted() -> None:
    metrics = ServerMetrics()
    await _call(None, metrics)
    await _call(Transient("x"), metrics)
    with pytest.raises(asyncio.CancelledError):
        await _call(asyncio.CancelledError(), metrics)
    page = metrics.page().decode()
    for line in (
        'synapse_mcp_tool_calls_total{outcome="ok",tool="compute"} 1.0',
        'synapse_mcp_tool_calls_total{outcome="cancelled",tool="compute"} 1.0',
        'synapse_mcp_tool_errors_total{code="transient",tool="compute"} 1.0',
        'synapse_mcp_tool_duration_seconds_count{tool="compute"} 3.0',
        'synapse_mcp_tool_calls_in_progress{tool="compute"} 0.0',
    ):
        assert line in page
