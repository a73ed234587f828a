from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from synapse.contracts.toolbox import StepContext, Toolbox
from synapse.errors import Permanent, StepError, StepTimeout, Transient
from synapse.settings import ToolSettings
from synapse.tools.loop import BackgroundLoop
from synapse.tools.mcp import McpTools
from synapse.tools.memory import MemoryBlobs
from synapse.tools.progress import ProgressCallback
from tests.waiting import PATIENCE

CONTEXT = StepContext(run="run-1", step="read[3]", agent="extraction", attempt=2)
FOUND = {"sources": [{"url": "u", "provider": "corpus"}]}

Answer = Callable[[], Awaitable[dict[str, Any]]]


class Server:
    """Stands for the connections with all MCP servers: what was called, and answers one after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, dict[str, Any], StepContext, ProgressCallback | None]] = []
        self.connected: list[str] = []
        self.closed = 0

    async def call(self, tool: str, arguments: dict[str, Any], context: StepContext, progress: ProgressCallback | None) -> dict[str, Any]:
        self.calls.append((tool, arguments, context, progress))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return await cast(Answer, answer)() if callable(answer) else cast(dict[str, Any], answer)

    async def close(self) -> None:
        self.closed += 1

    def connect(self, name: str, url: str, token: Any) -> Server:
        self.connected.append(name)
        return self


async def forever() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.fixture
def tools() -> Iterator[Callable[..., tuple[McpTools, Server]]]:
    made: list[McpTools] = []
    loop = BackgroundLoop("tools-loop")

    def make(*answers: Any, **settings: Any) -> tuple[McpTools, Server]:
        server = Server(*answers)
        made.append(McpTools(ToolSettings(**settings), loop, server.connect))
        return made[-1], server

    yield make
    for each in made:
        each.close()
    loop.close()


def _toolbox(tools: McpTools, context: StepContext = CONTEXT, progress: Any = None) -> Toolbox:
    return tools.toolbox(context, blobs=MemoryBlobs(), progress=progress)


def _calls(tool: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("synapse_tool_calls_total", {"tool": tool, "outcome": outcome}) or 0.0


async def test_a_call_says_who_asks_and_gives_the_contracts_model(tools: Any) -> None:
    pool, server = tools(FOUND)
    results = await _toolbox(pool).search_web("q", limit=3, corpus="c")
    assert results.sources[0].url == "u"
    ((*asked, context, progress),) = server.calls
    assert (*asked, progress) == ("search_web", {"query": "q", "limit": 3, "corpus": "c"}, None)
    assert context.model_copy(update={"deadline": None}) == CONTEXT


async def test_every_tool_gives_what_its_contract_says(tools: Any) -> None:
    page = {"url": "u", "final_url": "u", "text": "t", "fetched_at": "2026-01-01T00:00:00Z"}
    saved = {"path": "p", "uri": "file:///p", "sha256": "0", "bytes": 1}
    pool, server = tools(page, saved, {"path": "p", "content": "c", "sha256": "0"})
    toolbox = _toolbox(pool)
    assert (await toolbox.browse_and_extract("u")).text == "t"
    assert (await toolbox.save_file("p", "c")).bytes == 1
    assert await toolbox.read_file("p") == "c"
    assert await toolbox.get_blob(await toolbox.put_blob(b"x")) == b"x"
    assert [call[0] for call in server.calls] == ["browse_and_extract", "save_file", "read_file"]
    assert server.connected == ["primary", "filesystem"]


async def test_calls_from_any_loop_share_one_connection_that_the_first_makes(tools: Any) -> None:
    pool, server = tools(FOUND)
    assert server.connected == []
    await asyncio.gather(*(_toolbox(pool).search_web("q") for _ in range(5)))
    await asyncio.to_thread(lambda: asyncio.run(_toolbox(pool).search_web("q")))
    await asyncio.to_thread(lambda: pool.loop.run(_toolbox(pool).search_web("q")))
    assert (server.connected, len(server.calls)) == (["primary"], 7)
    await pool.aclose()
    assert server.closed == 1
    await _toolbox(pool).search_web("q")
    assert server.connected == ["primary", "primary"]


async def test_a_call_ends_with_its_own_time_limit(tools: Any) -> None:
    pool, _ = tools(forever, tool_timeout_seconds=0.05)
    with pytest.raises(StepTimeout, match=r"0\.05"):
        await _toolbox(pool).search_web("q")


async def test_the_steps_deadline_shortens_the_call_and_once_past_forbids_it(tools: Any) -> None:
    pool, server = tools(forever)
    soon = CONTEXT.model_copy(update={"deadline": datetime.now(UTC) + timedelta(seconds=0.1)})
    with pytest.raises(StepTimeout):
        await _toolbox(pool, soon).search_web("q")
    before = len(server.calls)
    with pytest.raises(StepTimeout, match="before the call"):
        await _toolbox(pool, CONTEXT.model_copy(update={"deadline": datetime.now(UTC)})).search_web("q")
    assert len(server.calls) == before


async def test_a_server_is_told_of_the_shorter_of_the_steps_time_and_the_calls(tools: Any) -> None:
    pool, server = tools(FOUND, tool_timeout_seconds=20)
    now = datetime.now(UTC)
    for seconds in (None, 10, 1000):
        deadline = None if seconds is None else now + timedelta(seconds=seconds)
        await _toolbox(pool, CONTEXT.model_copy(update={"deadline": deadline})).search_web("q")
    told = [context.deadline for _, _, context, _ in server.calls]
    assert told[1] < told[0]
    assert told[1] <= now + timedelta(seconds=10, milliseconds=1)
    assert told[2] < now + timedelta(seconds=1000)


async def test_an_answer_of_another_shape_is_permanent(tools: Any) -> None:
    pool, _ = tools({"nothing": "known"})
    with pytest.raises(Permanent, match="another shape"):
        await _toolbox(pool).search_web("q")


async def test_a_faulty_listener_to_progress_fails_nobody(tools: Any) -> None:
    told: list[tuple[float, float, str]] = []

    async def progress(done: float, total: float, message: str) -> None:
        told.append((done, total, message))
        raise ValueError("a faulty listener")

    pool, server = tools(FOUND)
    toolbox = _toolbox(pool, progress=progress)
    await toolbox.search_web("q")
    assert server.calls[0][3] is progress
    await toolbox.progress(1, 2)
    await _toolbox(pool).progress(1, 2)
    assert told == [(1, 2, "")]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (FOUND, "ok"),
        ({}, "permanent"),
        (Permanent("no"), "permanent"),
        (Transient("later"), "transient"),
        (forever, "timeout"),
        (ValueError("unforeseen"), "error"),
    ],
)
async def test_every_call_is_counted_once_by_what_became_of_it(answer: Any, outcome: str, tools: Any) -> None:
    pool, _ = tools(answer, tool_timeout_seconds=0.05 if outcome == "timeout" else PATIENCE)
    counted = _calls("search_web", outcome)
    timed = REGISTRY.get_sample_value("synapse_tool_call_seconds_count", {"tool": "search_web"}) or 0.0
    with nullcontext() if outcome == "ok" else pytest.raises((StepError, ValueError)):
        await _toolbox(pool).search_web("q")
    assert _calls("search_web", outcome) == counted + 1
    assert REGISTRY.get_sample_value("synapse_tool_call_seconds_count", {"tool": "search_web"}) == timed + 1


async def test_a_call_that_is_cancelled_is_counted_as_that(tools: Any) -> None:
    entered = asyncio.Event()

    async def entering() -> dict[str, Any]:
        test_loop.call_soon_threadsafe(entered.set)
        return await forever()

    test_loop = asyncio.get_running_loop()
    pool, _ = tools(entering)
    counted = _calls("search_web", "cancelled")
    call = asyncio.create_task(_toolbox(pool).search_web("q"))
    async with asyncio.timeout(PATIENCE):
        await entered.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert _calls("search_web", "cancelled") == counted + 1


def test_a_worker_that_calls_no_tool_and_asks_no_model_loads_neither_sdk_and_the_first_call_loads_its_own() -> None:
    program = """
import asyncio, sys
import synapse.engine.runtime, synapse.tasks.search, synapse.tasks.synthesis
from synapse.contracts.toolbox import StepContext
from synapse.errors import Transient
from synapse.settings import ToolSettings
from synapse.tools.mcp import McpTools
from synapse.tools.memory import MemoryBlobs

heavy = {"mcp", "mcp_types", "openai", "json_repair"}
print(sorted(heavy & sys.modules.keys()))
tools = McpTools(ToolSettings(mcp_primary_url="http://127.0.0.1:1/mcp/"))
box = tools.toolbox(StepContext(run="r", step="s", agent="a", attempt=1), blobs=MemoryBlobs())
try:
    asyncio.run(box.search_web("q"))
except Transient as error:
    print("transient")
print(sorted(heavy & sys.modules.keys()))
tools.close()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert ended.stdout.splitlines() == ["[]", "transient", "['mcp', 'mcp_types']"]
