"""The broker's exchanges and queues: what there should be, what there is, and putting it right."""

from __future__ import annotations

from synapse.contracts.evidence import Frozen
from synapse.engine import drift
from synapse.engine.broker import let_in
from synapse.engine.drift import Drift, Wanted
from synapse.engine.runtime import Runtime
from synapse.errors import InvalidInput


class DriftView(Frozen):
    """An exchange or queue that is not as it should be."""

    name: str
    what: str
    detail: str


class WantedView(Frozen):
    """An exchange or queue as it is declared, with its arguments as the broker knows them."""

    name: str
    kind: str
    arguments: dict[str, str | int]


class TopologyDesk:
    """What API, workers, the command and a deployment's hook declare, and no others."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def show(self) -> list[WantedView]:
        """What there should be, in the order in which it is declared. Asks nobody."""
        return [_wanted(each) for each in drift.wanted(self._queues(), self.runtime.broker.queue_type)]

    def check(self) -> list[DriftView]:
        """What is missing or differs. Raises Unavailable, and InvalidInput where there is no broker."""
        with let_in(self._url()) as connection:
            return [_drift(each) for each in drift.examine(connection, self._queues(), self.runtime.broker.queue_type)]

    def declare(self, *, replace: bool = False) -> list[DriftView]:
        """Declare everything; what is there with other arguments, which is left as it is unless it is to be replaced.

        Raises Unavailable, and InvalidInput where there is no broker.
        """
        work = drift.replace if replace else drift.ensure
        with let_in(self._url()) as connection:
            return [_drift(each) for each in work(connection, self._queues(), self.runtime.broker.queue_type)]

    def _queues(self) -> list[str]:
        return self.runtime.registry.queues()

    def _url(self) -> str:
        if self.runtime.broker.embedded:
            raise InvalidInput("there is no broker: messages stay in the process", remedy="set SYNAPSE_BROKER_URL")
        return self.runtime.broker.url


def _drift(each: Drift) -> DriftView:
    return DriftView(name=each.name, what=each.what, detail=each.detail)


def _wanted(each: Wanted) -> WantedView:
    return WantedView(name=each.name, kind=each.kind, arguments=each.arguments)
