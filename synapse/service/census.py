"""What is open just now, from SQL: steps and runs, how long each queue keeps steps waiting, dead letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from synapse.contracts.agent import queue_of
from synapse.engine.runtime import Runtime


@dataclass
class Backlog:
    """What waits for one queue's workers: steps, and seconds since the oldest of them became ready."""

    steps: int = 0
    age: float = 0.0


@dataclass(frozen=True)
class Census:
    """Everything by names of which there are only so many: a queue that no installed agent has is ``other``."""

    steps: dict[str, int]
    runs: int
    queues: dict[str, Backlog]
    dead_letters: dict[str, int] = field(default_factory=dict)


def take(runtime: Runtime) -> Census:
    """Count. Raises Unavailable when the database does not answer."""
    queries = runtime.database.queries
    known = runtime.registry.queues()
    queues = {name: Backlog() for name in known}
    now, grace = datetime.now(UTC), timedelta(seconds=runtime.engine.hint_grace_seconds)
    for agent, count, due, doubted in queries.backlog():
        # A step whose message was never doubted became ready a patience before it is due.
        oldest = min(moment for moment in (due and due - grace, doubted) if moment)
        backlog = queues.setdefault(_bounded(queue_of(agent), known), Backlog())
        backlog.steps += count
        backlog.age = max(backlog.age, (now - oldest).total_seconds(), 0.0)
    letters = dict.fromkeys(known, 0)
    for queue, count in queries.dead_letters():
        name = _bounded(queue, known)
        letters[name] = letters.get(name, 0) + count
    steps = {"ready": 0, "waiting": 0, "parked": 0, "running": 0, **queries.counts()}
    return Census(steps, queries.running(), queues, letters)


def _bounded(queue: str, known: list[str]) -> str:
    return queue if queue in known else "other"
