from __future__ import annotations

from synapse.tools.progress import forward


async def test_what_nobody_knows_is_nothing_and_a_faulty_listener_fails_nobody() -> None:
    told: list[tuple[float, float, str]] = []

    async def progress(done: float, total: float, message: str) -> None:
        told.append((done, total, message))
        raise ValueError("a faulty listener")

    await forward(progress, 5.0, 100.0, "resolve")
    await forward(progress, 6.0, None, None)
    assert told == [(5.0, 100.0, "resolve"), (6.0, 0.0, "")]
