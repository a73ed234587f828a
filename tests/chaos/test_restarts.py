"""Workers and instances of the API that are asked to stop: restarted one after the other under load, and with a step in hand."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.chaos.apis import TOKEN, Apis
from tests.chaos.front import Front
from tests.chaos.house import THINGS, House
from tests.chaos.matrix import proves
from tests.waiting import PATIENCE, until

# So long that what a restart left half done would be waited for in vain.
LONG = {"SYNAPSE_LEASE_SECONDS": "300", "SYNAPSE_HINT_GRACE_SECONDS": "300"}
POOLS = ("threads", "solo", "prefork")
WAITS = """
name: waits
do: {step: wait, agent: test.wait, with: {thing: "'w'", folder: input.folder}, timeout: 300}
"""


class Callers:
    """Clients that submit a run and look at it, again and again, on connections that they keep. Nothing is tried twice."""

    def __init__(self, url: str, folder: str, count: int = 3) -> None:
        self._url, self._folder = url, folder
        self.runs: list[str] = []
        self.failed: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._go, daemon=True) for _ in range(count)]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _go(self) -> None:
        body = {"workflow": "chaos", "input": {**THINGS, "folder": self._folder}}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=self._url, headers=headers, trust_env=False, timeout=PATIENCE) as client:
            while not self._stop.wait(0.1):
                try:
                    taken = client.post("/v1/runs", json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
                    taken.raise_for_status()
                    self.runs.append(taken.json()["id"])
                    client.get(f"/v1/runs/{self.runs[-1]}").raise_for_status()
                except httpx.HTTPError as error:
                    self.failed.append(repr(error))


@pytest.fixture
def tools() -> Iterator[dict[str, str]]:
    """Settings of MCP servers that are ready: an instance of the API is only when they are."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/mcp/"
        yield {"SYNAPSE_MCP_PRIMARY_URL": url, "SYNAPSE_MCP_FILESYSTEM_URL": url}
        server.shutdown()
        thread.join()


@proves(
    "every worker and every instance of the API restarted, one after the other, under load",
    "an instance that is asked to stop is not ready any more, answers for `SYNAPSE_DRAIN_SECONDS` what still comes, and ends; a worker ends"
    " what it is at, and its other messages go to the others",
    "nothing: no request fails, no run is lost, no step is done twice",
    at="anywhere, under load",
)
@pytest.mark.timeout(300)
def test_a_rolling_restart_of_everything_is_not_noticed(
    house: House, apis: Apis, tools: dict[str, str], took: Callable[[float], None]
) -> None:
    house.keep()
    options, settings = ("-P", "threads", "-c", "2"), {**LONG, **tools, "SYNAPSE_DRAIN_SECONDS": "2"}
    old = [house.workers.spawn(*options, **LONG) for _ in range(2)]
    with Front() as front:
        front.urls = [apis.start(**settings), apis.start(**settings)]
        for worker in old:
            house.workers.ready(worker)
        until(lambda: all(front.ready(url) for url in front.urls), "both are ready")
        with Callers(front.base, str(house.folder)) as callers:
            until(lambda: len(callers.runs) > 10, "load")
            began = time.time()
            for url in list(front.urls):
                new = apis.start(**settings)
                front.urls = [*front.urls, new]
                until(lambda new=new: front.ready(new), "the new one is ready")  # type: ignore[misc] # bound now
                apis.stop(url)
            for worker in old:
                house.workers.start(*options, **LONG)
                worker.stop()
            seen = len(callers.runs)
            until(lambda: len(callers.runs) > seen + 10, "more load")
    assert callers.failed == []
    for run in callers.runs:
        house.sound(run)
    assert set(house.client.column("attempt")) == {1}
    assert set(house.client.column("lost")) == {0}
    took(max(0.0, max(house.recovery(run, {"time": began}) for run in callers.runs[:10])))


@proves(
    "worker asked to stop (SIGTERM) with a step that takes longer than it waits",
    "it waits for `SYNAPSE_STOP_SECONDS`, makes the step ready again and sends its message, stops the agent, and ends",
    "`step.lost` with the reason; the step is neither lost nor failed to the counts that end it",
    at={pool: f"in the agent, pool {pool}" for pool in POOLS},
    waits="`SYNAPSE_STOP_SECONDS`, 1 s here",
)
@pytest.mark.parametrize("pool", POOLS)
def test_a_step_that_outlasts_its_worker_is_handed_back_at_once(house: House, took: Callable[[float], None], pool: str) -> None:
    house.keep()
    first = house.workers.start("-P", pool, "-c", "1", SYNAPSE_STOP_SECONDS="1", **LONG)
    run = house.begin(WAITS, {})
    until((house.folder / "waiting").exists, "it is at it")
    second = house.workers.start("-P", pool, "-c", "1", SYNAPSE_STOP_SECONDS="0", **LONG)
    asked = time.time()
    first.stop(signal.SIGTERM)
    until(lambda: house.client.run(run).steps[0].attempt == 2, "another has it")
    (again,) = (event for event in house.client.events(run, "step.started") if event.attempt == 2)
    took(max(0.0, again.at.timestamp() - asked))
    assert (house.folder / "cancelled").exists()
    (lost,) = house.client.events(run, "step.lost")
    assert lost.data == {"reason": "its worker was asked to stop"}
    assert house.client.column("lost") + house.client.column("failures") + house.client.column("hints") == [0, 0, 0]
    house.client.runtime.database.lifecycle.cancel(run, "it would wait for ever")
    house.sound(run, "cancelled")
    assert second.running
