"""Both MCP servers on loopback ports, and every tool called through the toolbox that agents get."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic import SecretStr

from synapse.contracts.toolbox import StepContext
from synapse.corpus.folder import index_folder
from synapse.errors import Permanent, StepTimeout, Transient
from synapse.mcp_servers import filesystem, primary
from synapse.settings import McpServerSettings, ToolSettings
from synapse.tools.loop import BackgroundLoop
from synapse.tools.mcp import McpToolbox, McpTools
from synapse.tools.memory import MemoryBlobs
from tests.waiting import PATIENCE

TOKEN = "a-token-for-this-test-only"
PAGE = "<html><head><title>Cats</title></head><body><article><h1>Cats</h1>" + "<p>Cats sleep for most of the day in warm places.</p>" * 8


class Served:
    """An application on a loopback port, in a thread; it can be stopped and started again on the same port."""

    def __init__(self, make: Callable[[], FastAPI], port: int = 0) -> None:
        self._make = make
        self.port = port
        self.start()

    def start(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        # websockets="none": its legacy module warns, and warnings are errors here.
        self._server = uvicorn.Server(uvicorn.Config(self._make(), log_config=None, lifespan="on", ws="none", timeout_graceful_shutdown=2))
        ready = threading.Event()

        async def serve() -> None:
            task = asyncio.create_task(self._server.serve(sockets=[listener]))
            while not self._server.started and not task.done():
                await asyncio.sleep(0.01)
            ready.set()
            await task

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self._thread.start()
        assert ready.wait(PATIENCE)
        self._listener = listener

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._listener.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "docs").mkdir()
    (home / "docs" / "cache.md").write_text("# Caches\n\nA full cache evicts the least recently used entry.\n")
    (home / "docs" / "large.md").write_text("# Large\n\n" + "A sentence of a page that is larger than one megabyte. " * 25_000)
    index_folder(home / "docs", "notes", home / "corpora")
    return home


@pytest.fixture(scope="module")
def site() -> Iterator[Served]:
    """A web site to browse: an ordinary page, and one that never ends."""
    app = FastAPI()

    @app.get("/cats")
    async def cats() -> HTMLResponse:
        return HTMLResponse(PAGE)

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(30)

    served = Served(lambda: app)
    yield served
    served.stop()


@pytest.fixture(scope="module")
def servers(home: Path, site: Served) -> Iterator[tuple[Served, Served]]:
    settings = McpServerSettings(mcp_token=SecretStr(TOKEN), fetch_allow_hosts=(f"127.0.0.1:{site.port}",), fetch_timeout_seconds=PATIENCE)
    both = Served(lambda: primary.create_app(settings, home)), Served(lambda: filesystem.create_app(settings, home))
    yield both
    for served in both:
        served.stop()


@pytest.fixture
def tools(servers: tuple[Served, Served]) -> Iterator[McpTools]:
    loop = BackgroundLoop("integration-loop")
    tools = McpTools(_settings(*servers), loop)
    yield tools
    tools.close()
    loop.close()


def _settings(first: Served, second: Served, token: str = TOKEN, seconds: float = PATIENCE) -> ToolSettings:
    return ToolSettings(
        mcp_primary_url=f"{first.url}/mcp/",
        mcp_filesystem_url=f"{second.url}/mcp",
        mcp_token=SecretStr(token),
        tool_timeout_seconds=seconds,
    )


def _toolbox(tools: McpTools, progress: object = None) -> McpToolbox:
    context = StepContext(run="run-1", step="step", agent="test", attempt=1)
    return tools.toolbox(context, blobs=MemoryBlobs(), progress=progress)  # type: ignore[arg-type]


async def test_every_tool_answers_over_http(tools: McpTools, site: Served, home: Path) -> None:
    told: list[str] = []

    async def progress(done: float, total: float, message: str) -> None:
        told.append(message)

    toolbox = _toolbox(tools, progress)
    found = await toolbox.search_web("Which entry does a full cache evict?", corpus="notes")
    page = await toolbox.browse_and_extract(found.sources[0].url)
    assert "least recently used" in page.text
    web = await toolbox.browse_and_extract(f"{site.url}/cats")
    assert (web.title, told[0], told[-1]) == ("Cats", "resolve", "parse")
    saved = await toolbox.save_file("reports/cats.md", web.text)
    assert await toolbox.read_file("reports/cats.md") == web.text
    assert (home / "reports" / "reports" / "cats.md").stat().st_size == saved.bytes
    listing = await tools.call("filesystem", "list_directory", {"path": "reports"}, toolbox.context)
    assert [entry["name"] for entry in listing["entries"]] == ["cats.md"]
    verdict = await tools.call("filesystem", "validate_path", {"path": "/etc/passwd"}, toolbox.context)
    assert verdict["valid"] is False


async def test_a_page_of_more_than_a_megabyte_arrives_with_and_without_progress(tools: McpTools) -> None:
    async def progress(done: float, total: float, message: str) -> None:
        return None

    for toolbox in (_toolbox(tools), _toolbox(tools, progress)):
        assert len((await toolbox.browse_and_extract("corpus://notes/large.md")).text) > 1_000_000


async def test_failures_arrive_as_what_they_are(tools: McpTools, site: Served) -> None:
    toolbox = _toolbox(tools)
    refused = (
        toolbox.browse_and_extract("http://169.254.169.254/latest/meta-data"),
        toolbox.browse_and_extract("http://localhost:1/"),
        toolbox.browse_and_extract(f"{site.url}/absent"),
        toolbox.browse_and_extract("corpus://notes/absent"),
        toolbox.read_file("../x"),
        toolbox.search_web("q", corpus="absent"),
        toolbox.search_web("", corpus="notes"),
        tools.call("primary", "no_such_tool", {}, toolbox.context),
    )
    for call in refused:
        with pytest.raises(Permanent):
            await call


async def test_a_call_that_takes_too_long_is_given_up_and_the_session_goes_on(servers: tuple[Served, Served], site: Served) -> None:
    loop = BackgroundLoop("short-loop")
    tools = McpTools(_settings(*servers, seconds=0.5), loop)
    try:
        with pytest.raises(StepTimeout):
            await _toolbox(tools).browse_and_extract(f"{site.url}/slow")
        assert (await _toolbox(tools).search_web("cache", corpus="notes")).sources
    finally:
        tools.close()
        loop.close()


async def test_a_server_restarted_between_two_calls_is_not_noticed(tools: McpTools, servers: tuple[Served, Served]) -> None:
    toolbox = _toolbox(tools)
    for restarted in servers:
        await toolbox.search_web("cache", corpus="notes")
        await toolbox.save_file("a.md", "before")
        await asyncio.to_thread(restarted.stop)
        await asyncio.to_thread(restarted.start)
        assert (await toolbox.search_web("cache", corpus="notes")).sources
        assert await toolbox.read_file("a.md") == "before"


async def test_a_server_that_is_down_is_transient_and_calls_work_again_once_it_is_back(
    tools: McpTools, servers: tuple[Served, Served]
) -> None:
    toolbox, (first, _) = _toolbox(tools), servers
    await asyncio.to_thread(first.stop)
    try:
        with pytest.raises(Transient):
            await toolbox.search_web("cache", corpus="notes")
        assert (await toolbox.save_file("b.md", "x")).bytes == 1
    finally:
        await asyncio.to_thread(first.start)
    assert (await toolbox.search_web("cache", corpus="notes")).sources


async def test_a_wrong_token_is_permanent_and_says_what_to_do(servers: tuple[Served, Served]) -> None:
    loop = BackgroundLoop("wrong-loop")
    tools = McpTools(_settings(*servers, token="another-token-altogether"), loop)
    try:
        with pytest.raises(Permanent, match="SYNAPSE_MCP_TOKEN"):
            await _toolbox(tools).search_web("cache")
    finally:
        tools.close()
        loop.close()


def test_calls_were_counted_where_they_were_answered(servers: tuple[Served, Served]) -> None:
    with httpx.Client(trust_env=False) as client:
        pages = [client.get(f"{served.url}/metrics").text for served in servers]
    assert 'tool="search_web"' in pages[0]
    assert 'tool="search_web"' not in pages[1]
    assert 'tool="save_file"' in pages[1]
