"""A Celery application with agents that do what a test tells them; worker processes run it."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from pathlib import Path

from celery import signals
from pydantic import BaseModel

from synapse.contracts.agent import agent
from synapse.contracts.toolbox import Toolbox
from synapse.contracts.workflow import Retry
from synapse.engine.app import create_app
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.errors import Permanent, Transient
from synapse.service import duties
from synapse.service.inbox import attach
from tests.waiting import until


class Things(BaseModel):
    """Items, as input and as output."""

    things: list[str]


class Thing(BaseModel):
    """One item and what to do with it."""

    thing: str
    folder: str = ""


class Done(BaseModel):
    """Who did it, in which attempt."""

    thing: str
    attempt: int


class Sum(BaseModel):
    """Everything that arrived at a join."""

    dones: list[Done]
    skipped: list[dict[str, object]] = []


@agent("test.list")
def listed(task: Things, tools: Toolbox) -> Things:
    """Pass a list on."""
    return task


@agent("test.work", retry=Retry(attempts=3, delay=0.05, max_delay=0.1), timeout=20)
def work(task: Thing, tools: Toolbox) -> Done:
    """Do what the thing's name says; its folder holds the marks that the test and the agent leave each other."""
    kind, folder, attempt = task.thing.partition("-")[0], Path(task.folder), tools.context.attempt
    if kind == "broken":
        raise Permanent(f"{task.thing} is broken")
    if kind == "unready" and attempt < 3:
        raise Transient(f"{task.thing} is not ready")
    if kind == "repairable" and not (folder / "repaired").exists():
        raise Permanent(f"{task.thing} needs repair")
    if kind == "blocking" and not (folder / "go").exists():
        (folder / f"started-{attempt}").touch()
        until((folder / "go").exists, "the test says go")
    return Done(thing=task.thing, attempt=attempt)


@agent("test.wait", timeout=60)
async def wait(task: Thing, tools: Toolbox) -> Done:
    """Wait for ever, and leave a mark when cancelled."""
    folder = Path(task.folder)
    (folder / "waiting").touch()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        (folder / "cancelled").touch()
        raise
    return Done(thing=task.thing, attempt=tools.context.attempt)


@agent("test.hang", timeout=600, retry=Retry(attempts=1))
def hang(task: Thing, tools: Toolbox) -> Done:
    """Never end, in a way that no exception reaches, unless the test says go."""
    folder = Path(task.folder)
    (folder / f"hangs-{tools.context.attempt}").write_text(str(os.getpid()))
    while not (folder / "go").exists():
        threading.Event().wait(0.05)
    return Done(thing=task.thing, attempt=tools.context.attempt)


@agent("test.leak", retry=Retry(attempts=1))
def leak(task: Thing, tools: Toolbox) -> Done:
    """Fail, with a secret at hand."""
    secret = "".join(("sword", "fish"))
    logging.getLogger("some.library").warning("the agent is about to fail")
    raise KeyError(len(secret))


@agent("test.sum")
def summed(task: Sum, tools: Toolbox) -> Sum:
    """Pass on what arrived."""
    return task


class Batch(BaseModel):
    """What the logger is given."""

    events: list[dict[str, object]]
    finished: list[dict[str, object]] = []


@agent("logger")
def logger(task: Batch, tools: Toolbox) -> Batch:
    """Log nothing: it is there for its queue."""
    return task


@agent("orchestrator")
def orchestrator(task: Things, tools: Toolbox) -> Things:
    """Plan nothing: it is there for its queue."""
    return task


def registry() -> Registry:
    """The agents above."""
    return Registry({each.name: each for each in (listed, work, wait, hang, leak, summed, logger, orchestrator)})


app = create_app(Runtime(registry=registry()), set_as_current=False)
attach(app)
duties.attach(app.runtime)


@signals.worker_ready.connect
def _say_so(**_: object) -> None:
    print("takes work", flush=True)
