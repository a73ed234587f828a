"""What one tenant has: the only door through which a face reaches runs and what belongs to them.

Each method first asks whether the run is the tenant's. A run of another tenant is answered like one that never was: the same
error with the same words. A run never changes its tenant, so asking beforehand is enough.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, Final

from synapse.contracts.blobs import BlobStore
from synapse.contracts.messages import Event
from synapse.contracts.run import RunDetail, RunFilter, RunPage, RunState, StepState
from synapse.contracts.steps import StepDetail, StepPage
from synapse.contracts.usage import DayUsage
from synapse.contracts.workflow import Workflow
from synapse.errors import Permanent, SynapseError
from synapse.state import labels
from synapse.state.attempts import attempts
from synapse.state.definitions import Definitions
from synapse.state.events import Events
from synapse.state.lifecycle import Begun, Lifecycle, NewRun
from synapse.state.queries import Queries
from synapse.state.records import Hint
from synapse.state.signals import Received, Sent, Signals
from synapse.state.step_queries import StepQueries
from synapse.state.usage import by_day
from synapse.workflows.program import Program, build, parse_place
from synapse.workflows.values import Rows, fetches, given

_SHA256: Final = 64


class Holdings:
    """Runs of one tenant. Blocks on the database, but for `blob`."""

    def __init__(self, queries: Queries, lifecycle: Lifecycle, events: Events, definitions: Definitions, blobs: BlobStore) -> None:
        """Of the tenant whose ``queries`` they are. Raises ValueError when those are everybody's."""
        if queries.tenant is None:
            raise ValueError("these queries are of no tenant")
        self.tenant = queries.tenant
        self._queries = queries
        self._steps = StepQueries(queries)
        self._lifecycle = lifecycle
        self._signals = Signals(lifecycle.ledger.waits)
        self._events = events
        self._definitions = definitions
        self._blobs = blobs

    def begin(self, program: Program, new: NewRun) -> Begun:
        """Write a run of this tenant. Raises ValueError for a run of another one, and as `Lifecycle.begin`."""
        if new.tenant != self.tenant:
            raise ValueError("the run is another tenant's")
        return self._lifecycle.begin(program, new)

    def state(self, run: str) -> RunState:
        """Where the run stands. Raises NotFound."""
        return self._queries.state(run)

    def run(self, run: str) -> RunDetail:
        """The run with every step. Raises NotFound."""
        return self._queries.run(run)

    def runs(self, wanted: RunFilter | None = None, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        """A page of runs, newest first. Raises InvalidInput for a cursor that no page gave."""
        return self._queries.runs(wanted, limit=limit, cursor=cursor)

    def ids(self, wanted: RunFilter, *, limit: int, cursor: str | None = None) -> tuple[list[str], str | None]:
        """The ids of such a page, and the cursor of the next one."""
        return self._queries.ids(wanted, limit=limit, cursor=cursor)

    def relabel(self, run: str, change: Mapping[str, str | None]) -> dict[str, str]:
        """The run's labels after the change. Raises NotFound, InvalidInput when they are too many."""
        self._queries.state(run)
        return labels.change(self._lifecycle.driver, run, change)

    def steps(
        self, run: str, *, state: StepState | None = None, agent: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> StepPage:
        """A page of the run's steps. Raises NotFound, and InvalidInput for a cursor that no page gave."""
        self._queries.state(run)
        return self._steps.page(run, state=state, agent=agent, limit=limit, cursor=cursor)

    def step(self, run: str, place: str) -> StepDetail:
        """One step with what it was given and gave, and each of its attempts. Raises NotFound."""
        definition = self.definition(run)
        found, output = self._steps.one(run, place)
        tried = attempts(self._events.of_step(run, place))
        return StepDetail(**found, input=self._given(definition, run, place), output=output, attempts=tried)

    def _given(self, definition: Workflow, run: str, place: str) -> dict[str, Any] | None:
        """What the step's expressions give, read again as its worker read it: it is kept nowhere."""
        program, (key, index) = build(definition), parse_place(place)
        node, ledger = program.nodes[key], self._lifecycle.ledger
        if node.kind != "step":
            return None
        try:
            rows = ledger.writes.fetch(ledger.driver, run, fetches(program, node, index), Rows())
            return given(program, node, index, rows, self._queries.input(run))
        except SynapseError:
            return None

    def usage(self, since: date, until: date, agents: Collection[str]) -> tuple[DayUsage, ...]:
        """What the tenant used on each day on which it started a run, the newest first."""
        return by_day(self._queries, since, until, agents)

    def events(self, run: str, after: int = 0, limit: int = 1000) -> list[Event]:
        """Events of a run with a number above ``after``. Raises NotFound."""
        self._queries.state(run)
        return self._events.of_run(run, after, limit)

    def definition(self, run: str) -> Workflow:
        """The definition that the run was started with. Raises NotFound."""
        self._queries.state(run)
        return self._definitions.of_run(run)

    def cancel(self, run: str, reason: str) -> bool:
        """Stop the run. False when it had ended already. Raises NotFound."""
        self._queries.state(run)
        return self._lifecycle.cancel(run, reason)

    def resume(self, program: Program, run: str) -> tuple[Hint, ...]:
        """Go on with a run that has ended. Raises NotFound, Conflict."""
        self._queries.state(run)
        return self._lifecycle.resume(program, run)

    def receive(self, program: Program, run: str, sent: Sent) -> Received:
        """Keep a signal for the run. Raises NotFound, Conflict."""
        self._queries.state(run)
        return self._signals.receive(program, run, sent)

    async def blob(self, sha256: str, run: RunDetail, within: Iterable[str] = ()) -> bytes:
        """Bytes that a run of this tenant names: its output, a step's, or ``within`` what was read of those.

        Bytes are stored once, whoever put them there: knowing a name gives nobody a right to what it names, nor does sending it as a
        signal. Raises Permanent when there are none, or the run does not name them.
        """
        steps = [step for step in run.steps if step.agent is not None]
        if sha256 not in named(run.output) and sha256 not in set(within) and not any(sha256 in named(step.output) for step in steps):
            raise Permanent(f"there is no blob {sha256}")
        return await self._blobs.get(sha256)


def named(value: Any) -> frozenset[str]:
    """Every text in a value of JSON that can be the name of a blob."""
    found: set[str] = set()
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left.extend(each.values())
        elif isinstance(each, list | tuple):
            left.extend(each)
        elif isinstance(each, str) and len(each) == _SHA256:
            found.add(each)
    return frozenset(found)
