"""What the ledger takes and gives: plain values, no rows."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from synapse.contracts.agent import queue_of
from synapse.contracts.principal import DEFAULT_TENANT
from synapse.contracts.run import DEFAULT_PRIORITY
from synapse.workflows.program import Index, Node, encode_index, place
from synapse.workflows.values import Rows


@dataclass(frozen=True)
class Hint:
    """What a message says: try this step. ``digest`` names the workflow, so that a worker need not ask for it."""

    run: str
    place: str
    agent: str
    digest: str
    traceparent: str | None = None
    priority: int = DEFAULT_PRIORITY


@dataclass(frozen=True)
class Attempt:
    """A claimed step: everything its execution needs. ``number`` is the fence."""

    run: str
    node: Node
    index: Index
    number: int
    failures: int
    run_input: dict[str, Any]
    deadline: datetime | None
    rows: Rows
    traceparent: str | None = None
    priority: int = DEFAULT_PRIORITY
    tenant: str = DEFAULT_TENANT

    @property
    def key(self) -> dict[str, Any]:
        """The step's primary key and the fence, as statement parameters."""
        return {"run": self.run, "node": self.node.key, "idx": encode_index(self.index), "attempt": self.number}

    @property
    def place(self) -> str:
        """The step's place, e.g. ``read[3]``."""
        return place(self.node.key, self.index)


@dataclass(frozen=True)
class Keep:
    """Who completes a step goes on with one that it made ready, if one is for this queue: claimed in the same transaction.

    ``agents`` are those that it has; None is every one. A newer version may have more in the same queue.
    """

    worker: str
    queue: str
    agents: Container[str] | None = None

    def takes(self, agent: str) -> bool:
        """Whether that agent's step can be gone on with."""
        return queue_of(agent) == self.queue and (self.agents is None or agent in self.agents)


@dataclass(frozen=True)
class Outcome:
    """What recording a result did. ``recorded`` is false for a stale one, which then changed nothing.

    ``hints`` are of the steps that became ready, without the one that was ``kept``. ``parked``: others wait now, without a message;
    ``early`` are those of them whose signal is there already.
    """

    recorded: bool
    hints: tuple[Hint, ...] = ()
    run_ended: bool = False
    failed: bool = False
    kept: Attempt | None = None
    parked: bool = False
    early: tuple[tuple[str, Index], ...] = ()

    @property
    def led_on(self) -> bool:
        """Whether something came of it: other steps, or the run's good end. A member that waits for others leads nowhere yet."""
        return not self.failed and (bool(self.hints) or self.kept is not None or self.parked or self.run_ended)


STALE = Outcome(recorded=False)


@dataclass
class Note:
    """An event about to be written; ``seq`` and time come from the transaction."""

    type: str
    name: str
    step: str | None = None
    agent: str | None = None
    attempt: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sweep:
    """What a reconciler's sweep found. In a healthy run only ``timers`` and ``waits`` are ever above zero."""

    hints: tuple[Hint, ...] = ()
    republished: int = 0
    timers: int = 0
    leases_expired: int = 0
    given_up: int = 0
    deadlines: int = 0
    waits: int = 0
