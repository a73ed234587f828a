from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from synapse.api.events import stream
from synapse.contracts.messages import Event
from synapse.contracts.run import RunRequest
from tests.unit.workbench import Workbench
from tests.waiting import PATIENCE

ECHO = RunRequest(workflow="echo", input={"text": "hello"})


def _messages(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.split("\n\n") if "data:" in block]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


async def test_a_stream_has_every_event_once_with_its_number_and_name_and_ends(bench: Workbench, client: httpx.AsyncClient) -> None:
    run = await asyncio.to_thread(bench.finished, ECHO)
    answer = await client.get(f"/v1/runs/{run.id}/events", headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("retry: ")
    found = _messages(answer.text)
    assert [message["id"] for message in found] == [str(seq) for seq in range(1, len(found) + 1)]
    assert [message["event"] for message in found] == ["run.created", "step.started", "step.succeeded", "run.succeeded"]
    assert Event.model_validate_json(found[-1]["data"]).seq == len(found)


async def test_last_event_id_goes_on_after_it_and_wins_over_the_parameter(bench: Workbench, client: httpx.AsyncClient) -> None:
    run = await asyncio.to_thread(bench.finished, ECHO)
    answer = await client.get(f"/v1/runs/{run.id}/events?after=1", headers={"Last-Event-ID": "2"})
    assert [message["id"] for message in _messages(answer.text)] == ["3", "4"]


async def test_who_has_everything_of_a_run_that_is_over_is_told_not_to_come_back(bench: Workbench, client: httpx.AsyncClient) -> None:
    run = await asyncio.to_thread(bench.finished, ECHO)
    answer = await client.get(f"/v1/runs/{run.id}/events", headers={"Last-Event-ID": "4"})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_events_that_come_later_are_in_the_stream_too(bench: Workbench, client: httpx.AsyncClient) -> None:
    run = (await asyncio.to_thread(bench.service.runs.submit, ECHO)).run
    following = asyncio.create_task(client.get(f"/v1/runs/{run.id}/events"))
    await asyncio.to_thread(bench.work)
    answer = await asyncio.wait_for(following, PATIENCE)
    assert _messages(answer.text)[-1]["event"] == "run.succeeded"


async def test_as_json_it_is_what_there_is_now(bench: Workbench, client: httpx.AsyncClient) -> None:
    run = await asyncio.to_thread(bench.finished, ECHO)
    answer = await client.get(f"/v1/runs/{run.id}/events?after=1&limit=2", headers={"Accept": "application/json"})
    assert [event["seq"] for event in answer.json()] == [2, 3]


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 30])
async def test_a_last_event_id_that_is_no_number_is_named(bench: Workbench, client: httpx.AsyncClient, number: str) -> None:
    run = await asyncio.to_thread(bench.finished, ECHO)
    answer = await client.get(f"/v1/runs/{run.id}/events", headers={"Last-Event-ID": number})
    assert (answer.status_code, answer.json()["field"]) == (400, "Last-Event-ID")


async def test_an_unknown_run_and_an_unknown_format_are_problems(bench: Workbench, client: httpx.AsyncClient) -> None:
    run = await asyncio.to_thread(bench.finished, ECHO)
    assert (await client.get("/v1/runs/nobody/events")).status_code == 404
    assert (await client.get(f"/v1/runs/{run.id}/events", headers={"Accept": "image/png"})).status_code == 406


class Silent:
    """A feed in which nothing happens."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def follow(self, run: str, after: int = 0) -> AsyncIterator[Event]:
        """Wait for ever."""
        try:
            await asyncio.Event().wait()
            yield  # type: ignore[misc] # never reached: it makes this a generator
        finally:
            self.closed.set()


async def test_silence_is_broken_by_comments_and_a_reader_who_leaves_is_forgotten() -> None:
    feed = Silent()
    reading = stream(feed, "run", 0, keep_alive=0.01)  # type: ignore[arg-type] # what it needs of a feed
    assert (await anext(reading)).startswith(b"retry: ")
    assert await anext(reading) == b": keep-alive\n\n"
    assert await anext(reading) == b": keep-alive\n\n"
    await reading.aclose()  # type: ignore[attr-defined] # a generator
    await asyncio.wait_for(feed.closed.wait(), PATIENCE)


class Broken:
    """A feed that fails."""

    async def follow(self, run: str, after: int = 0) -> AsyncIterator[Event]:
        """Fail."""
        raise OSError("the database is gone")
        yield


async def test_a_feed_that_fails_ends_the_stream_so_that_the_client_comes_back() -> None:
    reading = stream(Broken(), "run", 0)  # type: ignore[arg-type] # what it needs of a feed
    assert len([chunk async for chunk in reading]) == 1
