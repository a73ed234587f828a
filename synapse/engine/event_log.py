"""Batches of events, given to the logger agent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from synapse.contracts.messages import Event
from synapse.contracts.toolbox import StepContext
from synapse.engine.runtime import Runtime
from synapse.tools.loop import process_loop

_ENDS = frozenset({"run.succeeded", "run.failed", "run.cancelled"})
_SECONDS = 30.0
_PAGE = 1000


class EventLog:
    """Calls the logger agent; what it needs of a finished run is read from SQL, which has it whole and in order."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def __call__(self, events: list[Event]) -> None:
        """Log the events, and keep the log of each run that ended with one of them."""
        agent = self.runtime.registry.get("logger")
        if agent is None:
            return
        ended = dict.fromkeys(event.run for event in events if event.name in _ENDS)
        finished = [{"run": run, "lines": [event.model_dump_json() for event in self._whole(run)]} for run in ended]
        task = agent.input.model_validate({"events": [event.model_dump(mode="json") for event in events], "finished": finished})
        context = StepContext(
            run=events[0].run, step="logger", agent=agent.name, attempt=1, deadline=datetime.now(UTC) + timedelta(seconds=_SECONDS)
        )
        tools = self.runtime.tools.toolbox(context, blobs=self.runtime.database.blobs)
        process_loop().run(_await(agent.function(task, tools)), timeout=_SECONDS)

    def _whole(self, run: str) -> list[Event]:
        found: list[Event] = []
        while page := self.runtime.database.events.of_run(run, found[-1].seq if found else 0, _PAGE):
            found += page
        return found


async def _await(work: Any) -> Any:
    return await work
