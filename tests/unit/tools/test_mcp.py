from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED, CallToolResult, TextContent
from opentelemetry import trace

from synapse.contracts.toolbox import StepContext, Toolbox
from synapse.errors import Permanent, StepTimeout, Transient
from synapse.settings import ToolSettings
from synapse.tools import mcp as mcp_module
from synapse.tools.loop import BackgroundLoop
from synapse.tools.mcp import McpTools
from synapse.tools.memory import MemoryBlobs
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
    async def open(self, url: str, token: Any) -> AsyncIterator[Client]:
        self.opened += 1
        yield cast(Client, self)


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[McpTools, Server]]]:
    made: list[McpTools] = []
    loop = BackgroundLoop("tools-loop")

    def make(*answers: Any, **settings: Any) -> tuple[McpTools, Server]:
        server = Server(*answers)
        monkeypatch.setattr(mcp_module, "open_client", server.open)
        made.append(McpTools(ToolSettings(**settings), loop))
        return made[-1], server

    yield make
    for each in made:
        each.close()
    loop.close()


def _toolbox(tools: McpTools, context: StepContext = CONTEXT, progress: Any = None) -> Toolbox:
    return tools.toolbox(context, blobs=MemoryBlobs(), progress=progress)


async def test_a_call_says_who_asks_and_gives_the_contracts_model(tools: Any) -> None:
    pool, server = tools(_result(FOUND))
    results = await _toolbox(pool, CONTEXT.model_copy(update={"traceparent": TRACE})).search_web("q", limit=3, corpus="c")
    assert results.sources[0].url == "u"
    (call,) = server.calls
    assert (call["tool"], call["arguments"]) == ("search_web", {"query": "q", "limit": 3, "corpus": "c"})
    assert call["meta"] == {
        "synapse/run": "run-1", "synapse/step": "read[3]", "synapse/agent": "extraction", "synapse/attempt": 2,
        "synapse/idempotency-key": "run-1:read[3]", "traceparent": TRACE,
    }  # fmt: skip
    assert call["id"] == "run-1:read[3]"
    assert f"{call['span'].trace_id:032x}" in TRACE


async def test_every_tool_gives_what_its_contract_says(tools: Any) -> None:
    page = {"url": "u", "final_url": "u", "text": "t", "fetched_at": "2026-01-01T00:00:00Z"}
    saved = {"path": "p", "uri": "file:///p", "sha256": "0", "bytes": 1}
    pool, server = tools(_result(page), _result(saved), _result({"path": "p", "content": "c", "sha256": "0"}))
    toolbox = _toolbox(pool)
    assert (await toolbox.browse_and_extract("u")).text == "t"
    assert (await toolbox.save_file("p", "c")).bytes == 1
    assert await toolbox.read_file("p") == "c"
    assert await toolbox.get_blob(await toolbox.put_blob(b"x")) == b"x"
    assert [call["tool"] for call in server.calls] == ["browse_and_extract", "save_file", "read_file"]
    assert server.opened == 2


async def test_calls_from_any_loop_share_one_session_that_is_opened_by_the_first(tools: Any) -> None:
    pool, server = tools(_result(FOUND))
    assert server.opened == 0
    await asyncio.gather(*(_toolbox(pool).search_web("q") for _ in range(5)))
    await asyncio.to_thread(lambda: asyncio.run(_toolbox(pool).search_web("q")))
    await asyncio.to_thread(lambda: pool.loop.run(_toolbox(pool).search_web("q")))
    assert (server.opened, len(server.calls)) == (1, 7)
    await pool.aclose()
    await _toolbox(pool).search_web("q")
    assert server.opened == 2


async def test_a_call_ends_with_its_own_time_limit(tools: Any) -> None:
    async def forever(_: Any) -> CallToolResult:
        await asyncio.Event().wait()
        raise AssertionError

    pool, _ = tools(forever, tool_timeout_seconds=0.05)
    with pytest.raises(StepTimeout, match=r"0\.05"):
        await _toolbox(pool).search_web("q")


async def test_the_steps_deadline_shortens_the_call_and_once_past_forbids_it(tools: Any) -> None:
    async def forever(_: Any) -> CallToolResult:
        await asyncio.Event().wait()
        raise AssertionError

    pool, server = tools(forever)
    soon = CONTEXT.model_copy(update={"deadline": datetime.now(UTC) + timedelta(seconds=0.1)})
    with pytest.raises(StepTimeout):
        await _toolbox(pool, soon).search_web("q")
    before = len(server.calls)
    with pytest.raises(StepTimeout, match="before the call"):
        await _toolbox(pool, CONTEXT.model_copy(update={"deadline": datetime.now(UTC)})).search_web("q")
    assert len(server.calls) == before


async def test_a_lost_session_is_replaced_and_the_call_made_again(tools: Any) -> None:
    closed = MCPError(CONNECTION_CLOSED, "Connection closed")
    pool, server = tools(closed, closed, _result(FOUND))
    assert (await _toolbox(pool).search_web("q")).sources
    assert (len(server.calls), server.opened) == (3, 2)


async def test_a_server_that_does_not_answer_is_transient(tools: Any) -> None:
    pool, server = tools(MCPError(CONNECTION_CLOSED, "refused", {"httpStatus": 0}))
    with pytest.raises(Transient):
        await _toolbox(pool).search_web("q")
    assert len(server.calls) == 1


async def test_an_answer_of_another_shape_is_permanent(tools: Any) -> None:
    for answer in (_result({"nothing": "known"}), _result(None), _result([1]), RuntimeError("Invalid structured content")):
        pool, _ = tools(answer)
        with pytest.raises(Permanent):
            await _toolbox(pool).search_web("q")


async def test_a_tools_own_failure_keeps_its_words(tools: Any) -> None:
    pool, _ = tools(CallToolResult(content=[TextContent(type="text", text="no such page")], is_error=True))
    with pytest.raises(Permanent, match="browse_and_extract: no such page"):
        await _toolbox(pool).browse_and_extract("u")


async def test_progress_is_passed_on_and_never_fails_the_call(tools: Any) -> None:
    told: list[tuple[float, float, str]] = []

    async def progress(done: float, total: float, message: str) -> None:
        told.append((done, total, message))
        raise ValueError("a faulty listener")

    async def answer(report: Any) -> CallToolResult:
        await report(5.0, 100.0, "resolve")
        await report(6.0, None, None)
        return _result(FOUND)

    pool, server = tools(answer)
    toolbox = _toolbox(pool, progress=progress)
    await toolbox.search_web("q")
    await toolbox.progress(1, 2)
    assert told == [(5.0, 100.0, "resolve"), (6.0, 0.0, ""), (1, 2, "")]
    await _toolbox(pool).progress(1, 2)
    pool, server = tools(_result(FOUND))
    await _toolbox(pool).search_web("q")
    assert server.calls[0]["progress"] is None
