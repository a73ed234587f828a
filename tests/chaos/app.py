"""The Celery application of these tests: the engine tests' agents, one that calls a tool, and a point after the ack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery import signals
from celery.worker.request import Request
from pydantic import BaseModel

from synapse.contracts.agent import agent
from synapse.contracts.toolbox import Toolbox
from synapse.contracts.workflow import Retry
from synapse.engine.app import create_app
from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.faults import reach
from synapse.service import duties
from synapse.telemetry import logs
from tests.integration.engine import app as engine_app
from tests.waiting import until


class Query(BaseModel):
    """What to look for."""

    thing: str


@agent("test.look", retry=Retry(attempts=8, delay=0.2, max_delay=1.0), timeout=20)
async def look(task: Query, tools: Toolbox) -> engine_app.Things:
    """Ask the primary MCP server."""
    found = await tools.search_web(task.thing, corpus="notes")
    return engine_app.Things(things=[source.url for source in found.sources])


def registry() -> Registry:
    """The agents of the engine's tests, and the one above."""
    return Registry({**engine_app.registry(), look.name: look})


class Acknowledged(Request):  # type: ignore[misc] # celery is untyped
    """A request that says when it was acknowledged."""

    def acknowledge(self) -> None:
        """Acknowledge, and then be there."""
        super().acknowledge()
        reach("after-ack", self.id)


def _application() -> Any:
    made = create_app(Runtime(registry=registry()), set_as_current=False)
    for name, task in made.tasks.items():
        if name.startswith("synapse."):
            type(task).Request = "tests.chaos.app:Acknowledged"
    return made


logs.configure()
app = _application()
duties.attach(app.runtime)


@signals.worker_ready.connect
def _say_so(**_: object) -> None:
    print("takes work", flush=True)


# A worker that is to take over at once has been started before, and waits here for its turn.
if gate := os.environ.get("SYNAPSE_CHAOS_GATE"):
    until(Path(gate).exists, "its turn")
