"""Queues and workers as they are just now, for whoever looks after them."""

from __future__ import annotations

from pydantic import Field

from synapse.contracts.evidence import Frozen


class QueueView(Frozen):
    """One queue: what the broker has in it, and what SQL, which decides, has for it."""

    name: str = Field(examples=["synapse-search"])
    messages: int | None = Field(
        default=None, description="Messages that wait for delivery; null where the broker has no such queue or was not asked."
    )
    consumers: int | None = Field(default=None, description="Workers that take from it; null as before.")
    ready_steps: int = Field(description="Steps that could run now and are not yet.")
    oldest_seconds: float = Field(description="Seconds since the oldest of them became ready; 0 where there is none.")
    dead_letters: int = Field(description="Messages given up from it that nobody has sent again or dropped.")


class QueueList(Frozen):
    """Every queue of an installed agent, by name, and ``other`` for what is of none of them."""

    queues: tuple[QueueView, ...]
    unasked: str | None = Field(default=None, description="Why the broker was not asked, or did not answer.")


class WorkerView(Frozen):
    """One worker process as it describes itself."""

    name: str = Field(examples=["celery@worker-1"])
    pid: int
    version: str = Field(description="Of Synapse.")
    pool: str = Field(description="What its steps run in.", examples=["threads", "prefork"])
    slots: int = Field(description="Steps that it runs at once at most.")
    busy: int = Field(description="Steps that it runs now.")
    queues: tuple[str, ...] = Field(description="What it takes from.")
    uptime_seconds: float
    stopping: bool = Field(description="Whether it was asked to stop, and takes nothing new.")


class WorkerList(Frozen):
    """The workers that answered, by name. One that is stuck or cut off from the broker does not."""

    workers: tuple[WorkerView, ...]
    unasked: str | None = Field(default=None, description="Why nobody was asked.")
