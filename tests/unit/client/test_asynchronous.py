from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator

import httpx
import pytest

from synapse.api.app import create_app
from synapse.client import (
    AsyncClient,
    Client,
    Conflict,
    NotFound,
    RunFailed,
    RunRequest,
    RunState,
    ScheduleRequest,
    Timing,
    Unreachable,
    WaitedTooLong,
    WebhookRequest,
)
from synapse.settings import ApiSettings
from tests.unit.client import answers
from tests.unit.workbench import Workbench


@pytest.fixture
async def api(bench: Workbench) -> AsyncIterator[AsyncClient]:
    """A client of the real application."""
    app = create_app(bench.service, ApiSettings(api_token=None))
    async with AsyncClient("http://127.0.0.1:8800", transport=httpx.ASGITransport(app), retries=0) as client:
        yield client


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    def public(kind: type) -> dict[str, list[str]]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {name: list(inspect.signature(each).parameters) for name, each in found if not name.startswith("_")}

    blocking, asynchronous = public(Client), public(AsyncClient)
    assert blocking.pop("close") == asynchronous.pop("aclose")
    assert blocking == asynchronous


async def test_a_run_of_the_real_api_from_start_to_end(api: AsyncClient, bench: Workbench) -> None:
    run = await api.submit(RunRequest(workflow="echo", input={"text": "hello"}), key="k")
    assert (await api.submit(RunRequest(workflow="echo", input={"text": "hello"}), key="k")).id == run.id
    await asyncio.to_thread(bench.work)
    assert [event.seq async for event in api.stream(run.id)] == [1, 2, 3, 4]
    ended = await api.wait(run.id)
    assert (ended.state, ended.output) == (RunState.SUCCEEDED, {"text": "hello"})
    assert [each.id async for each in api.each_run(workflow="echo")] == [run.id]
    assert (await api.cancel(run.id)).state is RunState.SUCCEEDED
    with pytest.raises(Conflict):
        await api.resume(run.id)
    with pytest.raises(NotFound, match="no run"):
        await api.report("nobody")
    assert (await api.dead_letters()).letters == ()


async def test_a_schedule_of_the_real_api_from_its_making_to_its_end(api: AsyncClient) -> None:
    request = ScheduleRequest(name="nightly", cron="0 3 * * *", run=RunRequest(workflow="echo", input={"text": "hello"}))
    made = await api.create_schedule(request)
    assert (await api.schedules()).schedules == (made,)
    assert (await api.schedule(made.id)) == made
    assert (await api.next_times(made.id, count=1)).times == (made.next_due,)
    assert (await api.preview_times(Timing(cron="0 3 * * *"), count=1)).times == (made.next_due,)
    assert (await api.pause_schedule(made.id)).paused
    assert not (await api.resume_schedule(made.id)).paused
    assert (await api.replace_schedule(made.id, request.model_copy(update={"name": "daily"}))).name == "daily"
    firing = await api.trigger_schedule(made.id)
    assert (await api.schedule_history(made.id, limit=1)).firings == (firing,)
    await api.delete_schedule(made.id)
    with pytest.raises(NotFound, match="no schedule"):
        await api.schedule(made.id)


async def test_a_webhook_of_the_real_api_from_its_making_to_its_end(api: AsyncClient) -> None:
    made = await api.create_webhook(WebhookRequest(url="https://hooks.example.com/x"))
    assert made.secret.startswith("whsec_")
    kept = await api.webhook(made.id)
    assert (await api.webhooks()).webhooks == (kept,)
    assert (await api.replace_webhook(made.id, WebhookRequest(url="https://hooks.example.com/y"))).url == "https://hooks.example.com/y"
    assert (await api.rotate_webhook(made.id, 60.0)).secret != made.secret
    assert not (await api.disable_webhook(made.id)).enabled
    assert (await api.enable_webhook(made.id)).enabled
    sent = await api.test_webhook(made.id)
    assert (await api.deliveries(made.id, state="waiting", limit=1)).deliveries == (sent,)
    assert (await api.delivery(made.id, sent.id)).body["type"] == "webhook.test"
    assert (await api.redeliver(made.id, sent.id)).id == sent.id
    await api.delete_webhook(made.id)
    with pytest.raises(NotFound, match="no webhook"):
        await api.webhook(made.id)


async def test_a_run_that_failed_is_an_error_and_can_be_resumed(api: AsyncClient, bench: Workbench) -> None:
    run = await api.submit(RunRequest(workflow="echo", input={"text": "hello", "fail": True}))
    await asyncio.to_thread(bench.work)
    with pytest.raises(RunFailed, match="told to fail"):
        await api.wait(run.id)
    assert (await api.resume(run.id)).state is RunState.RUNNING
    await asyncio.to_thread(bench.work)
    assert [event.name async for event in api.stream(run.id)].count("run.failed") == 2


async def test_waiting_ends_with_its_time(api: AsyncClient) -> None:
    run = await api.submit(RunRequest(workflow="echo", input={"text": "hello"}))
    with pytest.raises(WaitedTooLong):
        await api.wait(run.id, timeout=0.05)


async def test_a_stream_that_breaks_is_taken_up_after_the_last_event() -> None:
    streams = [
        httpx.Response(200, stream=answers.Breaks(answers.event(1, "run.created"))),
        httpx.Response(200, text=answers.event(1, "run.created") + answers.event(2, "run.succeeded")),
        httpx.Response(204),
    ]
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["last-event-id"])
        return streams.pop(0)

    async with AsyncClient("http://api.test", transport=httpx.MockTransport(answer)) as client:
        assert [event.seq async for event in client.stream("r")] == [1, 2]
    assert asked == ["0", "1", "2"]


async def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(Unreachable):
        AsyncClient("http://a:b")


async def test_a_run_that_waits_is_told_approved_and_rejected(api: AsyncClient, bench: Workbench) -> None:
    bench.offer_asking()
    runs = [await api.submit(RunRequest(workflow="asking", input={"things": ["x"] * number})) for number in range(2)]
    assert [each.signal for each in runs[0].waiting_for] == ["publish"]
    assert (await api.reject(runs[0].id, "publish", "Not yet.", by="ana")).step == "publish"
    await api.approve(runs[1].id, "publish")
    assert (await api.signal(runs[1].id, "confirm[0]", {"sum": 5})).name == "confirm[0]"
    await asyncio.to_thread(bench.work)
    assert [(await api.run(run.id)).output for run in runs] == [{"text": "false"}, {"text": "true"}]
    with pytest.raises(NotFound):
        await api.signal(runs[0].id, "nothing")


async def test_queues_and_workers_are_told_and_why_nobody_was_asked(api: AsyncClient) -> None:
    assert "synapse-search" in [queue.name for queue in (await api.queues()).queues]
    workers = await api.workers()
    assert (workers.workers, workers.unasked is None) == ((), False)
