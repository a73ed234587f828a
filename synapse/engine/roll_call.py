"""Workers asked over the broker who they are, by Celery's remote control: each answers with a card, and who does not is not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from synapse import __version__
from synapse.engine.broker import let_in

# Celery is imported where it is needed: whoever only asks the database must not wait for that.
_COMMAND: Final = "synapse_card"
_POOLS: Final = {"thread": "threads"}
SECONDS: Final = 1.0
"""For so long answers are waited for: nobody knows how many will come."""


@dataclass(frozen=True)
class Card:
    """What a worker says of itself."""

    name: str
    pid: int
    version: str
    pool: str
    slots: int
    busy: int
    queues: tuple[str, ...]
    uptime_seconds: float
    stopping: bool


def install() -> None:
    """Have the workers of this process answer. Celery's commands are the process's: repeating it changes nothing."""
    from celery.worker.control import inspect_command

    inspect_command(name=_COMMAND, visible=False)(_card)


def call(url: str) -> list[Card]:
    """The card of every worker that answers, by name. Takes `SECONDS`. Raises Unavailable."""
    import celery

    with let_in(url) as connection:
        app = celery.Celery("synapse", set_as_current=False)
        app.control.mailbox.producer_pool = None  # it would connect by itself, to Celery's default; without it, it sends on the connection
        answers = app.control.broadcast(_COMMAND, reply=True, timeout=SECONDS, connection=connection)
    cards = [_read(name, told) for answer in answers or () for name, told in answer.items()]
    return sorted((card for card in cards if card is not None), key=lambda card: card.name)


def _card(state: Any, **_: Any) -> dict[str, Any]:
    """Who this worker is, what it takes and what it does."""
    from celery.worker import state as doing

    worker, tasks = state.consumer.controller, state.consumer.task_consumer
    pool = worker.pool_cls.__module__.rpartition(".")[2]
    return {
        "pid": os.getpid(),
        "version": __version__,
        "pool": _POOLS.get(pool, pool),
        "slots": worker.concurrency,
        "busy": len(doing.active_requests),
        "queues": sorted(queue.name for queue in tasks.queues) if tasks else [],
        "uptime_seconds": round((datetime.now(UTC) - worker.startup_time).total_seconds(), 1),
        "stopping": state.app.runtime.stopping.asked,
    }


def _read(name: str, told: Any) -> Card | None:
    """The card, or nothing where a worker of another version, or one of somebody else's, says something else."""
    if not isinstance(told, Mapping):
        return None
    try:
        return Card(name=name, **{**told, "queues": tuple(told["queues"])})
    except (KeyError, TypeError):
        return None
