from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED, CallToolResult, TextContent
from opentelemetry import trace
from pydantic import ValidationError

from synapse.contracts.toolbox import StepContext
from synapse.errors import Permanent, Transient
from synapse.tools.connection import SdkConnection, connect
from synapse.tools.transport import request_id

CONTEXT = StepContext(run="run-1", step="read[3]", agent="extraction", attempt=2)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FOUND = {"sources": [{"url": "u", "provider": "corpus"}]}

Answer = Callable[..., Awaitable[CallToolResult]]


def _result(content: Any) -> CallToolResult:
    return CallToolResult(content=[], structured_content=content)


class Server:
    """Stands for an MCP client and the server behind it: what was called, and answers one after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[dict[str, Any]] = []
        self.opened = 0

    async def call_tool(self, tool: str, arguments: dict[str, Any], *, progress_callback: Any, meta: dict[str, Any]) -> CallToolResult:
        span = trace.get_current_span().get_span_context()
        self.calls.append(
            {"tool": tool, "arguments": arguments, "meta": meta, "id": request_id.get(), "span": span, "progress": progress_callback}
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return cast(CallToolResult, await answer(progress_callback))
        return cast(CallToolResult, answer)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        self.opened += 1
        yield cast(Client, self)


def _connection(*answers: Any) -> tuple[SdkConnection, Server]:
    server = Server(*answers)
    return SdkConnection("primary", server.open), server


async def test_a_call_says_who_asks_and_gives_what_the_server_structured() -> None:
    connection, server = _connection(_result(FOUND))
    context = CONTEXT.model_copy(update={"traceparent": TRACE})
    assert await connection.call("search_web", {"query": "q"}, context) == FOUND
    (call,) = server.calls
    assert (call["tool"], call["arguments"]) == ("search_web", {"query": "q"})
    assert call["meta"] == {
        "synapse/run": "run-1", "synapse/step": "read[3]", "synapse/agent": "extraction", "synapse/attempt": 2,
        "synapse/idempotency-key": "run-1:read[3]", "traceparent": TRACE,
    }  # fmt: skip
    assert call["id"] == "run-1:read[3]"
    assert f"{call['span'].trace_id:032x}" in TRACE
    await connection.close()


async def test_a_call_says_how_long_its_caller_waits() -> None:
    connection, server = _connection(_result(FOUND))
    for left in (30, -30):
        await connection.call("search_web", {}, CONTEXT.model_copy(update={"deadline": datetime.now(UTC) + timedelta(seconds=left)}))
    soon, over = (call["meta"]["synapse/seconds-left"] for call in server.calls)
    assert 0 < soon <= 30
    assert over == 0
    await connection.close()


async def test_nothing_is_opened_before_the_first_call_and_what_was_closed_is_opened_again() -> None:
    connection, server = _connection(_result(FOUND))
    assert server.opened == 0
    await connection.close()
    for _ in range(2):
        await connection.call("search_web", {}, CONTEXT)
    assert server.opened == 1
    await connection.close()
    await connection.call("search_web", {}, CONTEXT)
    assert server.opened == 2
    await connection.close()


async def test_a_lost_session_is_replaced_and_the_call_made_again() -> None:
    closed = MCPError(CONNECTION_CLOSED, "Connection closed")
    connection, server = _connection(closed, closed, _result(FOUND))
    assert await connection.call("search_web", {}, CONTEXT) == FOUND
    assert (len(server.calls), server.opened) == (3, 2)
    await connection.close()


async def test_a_server_that_does_not_answer_is_transient() -> None:
    connection, server = _connection(MCPError(CONNECTION_CLOSED, "refused", {"httpStatus": 0}))
    with pytest.raises(Transient):
        await connection.call("search_web", {}, CONTEXT)
    assert len(server.calls) == 1
    await connection.close()


async def test_a_session_that_cannot_be_opened_is_transient_and_names_the_server() -> None:
    def broken() -> AbstractAsyncContextManager[Client]:
        raise OSError("no more files")

    with pytest.raises(Transient, match="with the filesystem server: no more files"):
        await SdkConnection("filesystem", broken).call("save_file", {}, CONTEXT)


async def test_a_server_that_is_not_there_is_transient() -> None:
    connection = connect("filesystem", "http://127.0.0.1:1/mcp/", None)
    with pytest.raises(Transient, match="save_file"):
        await connection.call("save_file", {}, CONTEXT)
    await connection.close()


async def test_an_answer_that_is_not_the_protocols_is_permanent_and_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as wrong:
        CallToolResult.model_validate({"content": "a secret of the server's"})
    connection, _ = _connection(wrong.value)
    with pytest.raises(Permanent, match="search_web: the server's answer is not MCP") as told:
        await connection.call("search_web", {}, CONTEXT)
    assert "secret" not in str(told.value)
    await connection.close()


@pytest.mark.parametrize("answer", [_result(None), _result([1]), RuntimeError("Invalid structured content")])
async def test_an_answer_without_structure_is_permanent(answer: Any) -> None:
    connection, _ = _connection(answer)
    with pytest.raises(Permanent):
        await connection.call("search_web", {}, CONTEXT)
    await connection.close()


async def test_a_tools_own_failure_keeps_its_words() -> None:
    connection, _ = _connection(CallToolResult(content=[TextContent(type="text", text="no such page")], is_error=True))
    with pytest.raises(Permanent, match="browse_and_extract: no such page"):
        await connection.call("browse_and_extract", {"url": "u"}, CONTEXT)
    await connection.close()


async def test_progress_is_passed_on_and_asked_for_only_where_somebody_listens() -> None:
    told: list[tuple[float, float, str]] = []

    async def progress(done: float, total: float, message: str) -> None:
        told.append((done, total, message))

    async def answer(report: Any) -> CallToolResult:
        await report(5.0, 100.0, "resolve")
        await report(6.0, None, None)
        return _result(FOUND)

    connection, server = _connection(answer, _result(FOUND))
    await connection.call("search_web", {}, CONTEXT, progress)
    assert told == [(5.0, 100.0, "resolve"), (6.0, 0.0, "")]
    await connection.call("search_web", {}, CONTEXT)
    assert server.calls[1]["progress"] is None
    await connection.close()
