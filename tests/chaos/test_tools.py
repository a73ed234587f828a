"""MCP servers killed, hung, slow, and answering nonsense; and a worker killed in a tool call."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from synapse.corpus.folder import index_folder
from synapse.faults import POINTS
from tests.chaos.house import House
from tests.chaos.matrix import proves
from tests.chaos.proxy import Proxy
from tests.chaos.workers import ROOT
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.there import there
from tests.waiting import until

LOOK = """
name: look
do:
  chain:
    - {step: look, agent: test.look, with: {thing: "'Which entry does a full cache evict?'"}}
    - {step: list, agent: test.list, with: {things: steps.look.things}}
"""


class Primary:
    """The primary MCP server as a process of its own, over a corpus of one page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "docs").mkdir()
        (folder / "docs" / "cache.md").write_text("# Caches\n\nA full cache evicts the least recently used entry.\n")
        index_folder(folder / "docs", "notes", folder / "home" / "corpora")
        self.port = free_port()
        self.start()

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [sys.executable, "-m", "synapse.cli.main", "mcp", "primary", "--port", str(self.port)]
        log = self.folder / "primary.log"
        log.unlink(missing_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "SYNAPSE_HOME": str(self.folder / "home")}
        self.process = ServerProcess(command, log=log, env=environment)
        self.process.wait_until(lambda: "ready" in log.read_text(errors="replace"), "primary")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Primary]:
    made = Primary(tmp_path_factory.mktemp("primary"))
    yield made
    made.process.kill()


@pytest.fixture
def primary(served: Primary) -> Primary:
    """The server, running."""
    if not served.process.running:
        served.start()
    return served


def worker(house: House, port: int, **more: str) -> None:
    """A worker whose tool calls take a second at most."""
    house.keep()
    more = {"SYNAPSE_TOOL_TIMEOUT_SECONDS": "1", **more}
    house.workers.start("-P", "threads", "-c", "2", SYNAPSE_MCP_PRIMARY_URL=f"http://127.0.0.1:{port}/mcp/", **more)


def found(house: House, run: str) -> None:
    """The run has found the page."""
    detail = house.sound(run)
    assert there(detail.output, "output")["things"] == ["corpus://notes/cache.md"]


@proves(
    "worker killed (SIGKILL)",
    "its lease runs out, another worker calls the tool again, with the same idempotency key",
    "the run takes as much longer; `step.lost`",
    at=POINTS["in-tool"],
    waits="lease",
)
def test_a_worker_killed_in_a_tool_call_has_it_done_again(house: House, primary: Primary, took: Callable[[float], None]) -> None:
    url = f"http://127.0.0.1:{primary.port}/mcp/"
    house.keep()
    house.workers.spawn(gate=house.gate, SYNAPSE_MCP_PRIMARY_URL=url)
    victim = house.workers.start(faults=[{"at": "in-tool", "do": "kill"}], SYNAPSE_MCP_PRIMARY_URL=url)
    run = house.begin(LOOK, {})
    mark = house.mark()
    until(lambda: not victim.running, "it is dead")
    house.gate.touch()
    found(house, run)
    took(house.recovery(run, mark))


@proves(
    "MCP server killed",
    "the call fails with its connection; the step is tried again on a timer that holds no worker, without losing one of its tries, until"
    " the server is back or `SYNAPSE_TOOL_PATIENCE_SECONDS` are over",
    "`step.retrying` with code `out-of-reach`",
    at={"before the call": "before a tool call", "in the call": "in a tool call"},
    waits="the server's own start; then the back-off of the retry",
)
@pytest.mark.parametrize("when", ["before the call", "in the call"])
def test_a_tool_server_that_was_killed_is_waited_for(house: House, primary: Primary, took: Callable[[float], None], when: str) -> None:
    with Proxy(primary.port) as proxy:
        worker(house, proxy.port, SYNAPSE_TOOL_TIMEOUT_SECONDS="30")
        if when == "in the call":
            # Its kernel takes the connection, and nobody answers.
            os.kill(primary.process.pid, signal.SIGSTOP)
            run = house.begin(LOOK, {})
            until(lambda: proxy.passed, "the call is made")
            assert not house.client.events(run, "step.retrying")
        primary.process.kill()
        killed = time.time()
        if when == "before the call":
            run = house.begin(LOOK, {})
        until(lambda: len(house.client.events(run, "step.retrying")) > 2, "it is tried again and again")
        primary.start()
        found(house, run)
    assert {event.data["error"]["code"] for event in house.client.events(run, "step.retrying")} == {"out-of-reach"}
    assert set(house.client.column("failures")) == {0}
    took(house.recovery(run, {"time": killed}))


@proves(
    "MCP server hung",
    "the call is given up after `SYNAPSE_TOOL_TIMEOUT_SECONDS`, the step tried again",
    "`step.retrying` with code `timeout`",
    at="in a tool call",
    waits="time-out of the tool call, 1 s here; then the back-off of the retry",
)
def test_a_tool_server_that_hangs_is_given_up_and_asked_again(house: House, primary: Primary, took: Callable[[float], None]) -> None:
    worker(house, primary.port)
    os.kill(primary.process.pid, signal.SIGSTOP)
    try:
        hung = time.time()
        run = house.begin(LOOK, {})
        retried = until(lambda: house.client.events(run, "step.retrying"), "the call is given up")
    finally:
        os.kill(primary.process.pid, signal.SIGCONT)
    assert retried[0].data["error"]["code"] == "timeout"
    found(house, run)
    took(house.recovery(run, {"time": hung}))


@proves(
    "MCP server slow",
    "waited for, as long as the call's and the step's time-outs allow",
    "the run takes as much longer",
    at="in a tool call",
    waits="the server",
)
def test_a_slow_tool_server_is_waited_for(house: House, primary: Primary, took: Callable[[float], None]) -> None:
    with Proxy(primary.port) as proxy:
        proxy.slow(0.2)
        worker(house, proxy.port, SYNAPSE_TOOL_TIMEOUT_SECONDS="30")
        asked = time.time()
        run = house.begin(LOOK, {})
        found(house, run)
        assert not house.client.events(run, "step.retrying")
        took(house.recovery(run, {"time": asked}))


NONSENSE = {
    "no json": ("200 OK", "application/json", b"<html>"),
    "no protocol": ("200 OK", "application/json", b'{"jsonrpc":"2.0","id":1,"result":{"tools":7}}'),
    "a web page": ("200 OK", "text/html", b"<html>welcome</html>"),
    "an error": ("500 Internal Server Error", "text/plain", b"oops"),
}


@proves(
    "MCP server answering nonsense",
    "a failed attempt; the run fails with the step's name and the reason once its tries are spent, and can be resumed",
    "`run.failed`, or the step skipped where the workflow allows that; the other runs go on",
    at=dict.fromkeys(NONSENSE, "in a tool call"),
    waits="back-off of the retries",
)
@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_from_a_tool_server_fails_its_step_and_hurts_nobody_else(
    house: House, primary: Primary, took: Callable[[float], None], what: str
) -> None:
    status, kind, body = NONSENSE[what]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(int(status.split()[0]))
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_DELETE = do_POST

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        worker(house, server.server_address[1])
        asked = time.time()
        definition = LOOK.replace("evict?'\"}}", "evict?'\"}, retry: {attempts: 2, delay: 0.1}}")
        assert definition != LOOK
        run, other = house.begin(definition, {}), house.begin()
        detail = house.sound(run, "failed")
        error = there(detail.error, "error")
        assert error.code in ("transient", "permanent", "timeout")
        assert "search_web" in error.message
        house.sound(other)
        took(house.recovery(run, {"time": asked}))
        server.shutdown()
        thread.join()
