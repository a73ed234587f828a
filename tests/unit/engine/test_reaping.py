from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from synapse.engine.reaping import SECONDS, ReapStep


def registered(pool: Any) -> list[tuple[float, Any]]:
    timers: list[tuple[float, Any]] = []
    hub = SimpleNamespace(call_repeatedly=lambda seconds, work: timers.append((seconds, work)))
    worker = SimpleNamespace(pool=pool)
    ReapStep(worker).register_with_event_loop(worker, hub)
    return timers


def test_a_pool_of_processes_is_looked_after_often() -> None:
    looked: list[int] = []
    ((seconds, look),) = registered(SimpleNamespace(maintain_pool=lambda: looked.append(1)))
    look()
    assert (seconds, looked) == (SECONDS, [1])


def test_a_pool_of_threads_needs_no_looking_after() -> None:
    class Threads:
        def maintain_pool(self) -> None:
            """As Celery's own: there is nothing to do."""

    assert registered(Threads()) == []
