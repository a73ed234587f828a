from __future__ import annotations

import asyncio
import os
import threading

import pytest

from synapse.errors import StepTimeout
from synapse.tools import loop as loop_module
from synapse.tools.loop import BackgroundLoop, process_loop
from tests.waiting import PATIENCE


@pytest.fixture
def background():  # type: ignore[no-untyped-def]
    background = BackgroundLoop("test-loop")
    yield background
    background.close()


async def _where() -> str:
    return threading.current_thread().name


def test_it_starts_with_the_first_coroutine_and_runs_it_on_its_own_thread(background: BackgroundLoop) -> None:
    assert "test-loop" not in {thread.name for thread in threading.enumerate()}
    assert background.run(_where()) == "test-loop"


def test_threads_share_it(background: BackgroundLoop) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def current() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    threads = [threading.Thread(target=lambda: loops.append(background.run(current()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(loops) == 8
    assert len(set(loops)) == 1


def test_a_coroutine_whose_time_is_up_is_cancelled(background: BackgroundLoop) -> None:
    cancelled = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    # Its thread is there already, so that the time is not up before the coroutine has begun.
    background.run(_where())
    with pytest.raises(StepTimeout, match=r"0\.3 seconds"):
        background.run(forever(), timeout=0.3)
    assert cancelled.wait(PATIENCE)


def test_a_timeout_raised_inside_is_not_mistaken_for_ours(background: BackgroundLoop) -> None:
    async def fails() -> None:
        raise TimeoutError("theirs")

    with pytest.raises(TimeoutError, match="theirs"):
        background.run(fails(), timeout=PATIENCE)


def test_waiting_for_itself_is_refused_rather_than_hung(background: BackgroundLoop) -> None:
    async def nested() -> str:
        return background.run(_where())

    with pytest.raises(RuntimeError, match="wait for itself"):
        background.run(nested(), timeout=PATIENCE)


def test_closing_cancels_what_runs_and_ends_the_thread() -> None:
    background = BackgroundLoop("closing-loop")
    ended = threading.Event()
    started = threading.Event()

    async def forever() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    future = background.submit(forever())
    assert started.wait(PATIENCE)
    background.close()
    background.close()
    assert ended.is_set()
    assert future.cancelled()
    assert "closing-loop" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(RuntimeError, match="closed"):
        background.run(_where())


def test_the_process_has_one_and_a_new_one_after_it_was_closed() -> None:
    first = process_loop()
    assert process_loop() is first
    first.close()
    second = process_loop()
    assert second is not first
    assert second.run(_where()) == "synapse-loop"
    second.close()


def test_another_process_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = process_loop()
    monkeypatch.setattr(loop_module.os, "getpid", lambda: -1)
    assert process_loop() is not parent
    monkeypatch.undo()
    assert process_loop() is parent
    assert os.getpid() > 0
