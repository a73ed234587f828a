"""Queues and workers, for whoever looks after them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from synapse.contracts.operations import QueueList, QueueView, WorkerList, WorkerView
from synapse.engine import roll_call
from synapse.engine.depths import Depth, depths
from synapse.engine.runtime import Runtime
from synapse.errors import Unavailable
from synapse.service import census

_EMBEDDED: Final = "there is no broker: messages stay in the process, and so do its workers"


class OperationsDesk:
    """Looks; changes nothing. Blocks on the database and the broker."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def queues(self) -> QueueList:
        """Every queue. What SQL has is told whether the broker answers or not. Raises Unavailable without a database."""
        taken = census.take(self.runtime)
        counted, unasked = self._depths()
        return QueueList(queues=tuple(_queue(name, taken, counted.get(name)) for name in sorted(taken.queues)), unasked=unasked)

    def workers(self) -> WorkerList:
        """The workers that answer within a second. Raises Unavailable when the broker does not."""
        if self.runtime.broker.embedded:
            return WorkerList(workers=(), unasked=_EMBEDDED)
        return WorkerList(workers=tuple(WorkerView(**asdict(card)) for card in roll_call.call(self.runtime.broker.url)))

    def _depths(self) -> tuple[dict[str, Depth], str | None]:
        if self.runtime.broker.embedded:
            return {}, _EMBEDDED
        try:
            return depths(self.runtime.broker.url, self.runtime.registry.queues()), None
        except Unavailable as error:
            return {}, error.detail


def _queue(name: str, taken: census.Census, depth: Depth | None) -> QueueView:
    backlog = taken.queues[name]
    return QueueView(
        name=name,
        messages=depth.messages if depth is not None else None,
        consumers=depth.consumers if depth is not None else None,
        ready_steps=backlog.steps,
        oldest_seconds=round(backlog.age, 1),
        dead_letters=taken.dead_letters.get(name, 0),
    )
