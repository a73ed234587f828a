from __future__ import annotations

import asyncio

from synapse.tools.progress import InOrder, forward


async def test_what_nobody_knows_is_nothing_and_a_faulty_listener_fails_nobody() -> None:
    told: list[tuple[float, float, str]] = []

    async def progress(done: float, total: float, message: str) -> None:
        told.append((done, total, message))
        raise ValueError("a faulty listener")

    await forward(progress, 5.0, 100.0, "resolve")
    await forward(progress, 6.0, None, None)
    assert told == [(5.0, 100.0, "resolve"), (6.0, 0.0, "")]


async def test_a_slow_listener_hears_of_everything_in_its_order() -> None:
    heard: list[str] = []
    slow = asyncio.Event()

    async def listen(done: float, total: float, message: str) -> None:
        if message == "first":
            await slow.wait()
        heard.append(message)

    told = InOrder(listen)
    tasks = [asyncio.create_task(told(number, None, message)) for number, message in enumerate(("first", "second", "third"))]
    for _ in range(5):
        await asyncio.sleep(0)
    slow.set()
    await asyncio.gather(*tasks)
    assert heard == ["first", "second", "third"]
