"""What one tenant has: the only door through which a face reaches runs and what belongs to them.

Each method first asks whether the run is the tenant's. A run of another tenant is answered like one that never was: the same
error with the same words. A run never changes its tenant, so asking beforehand is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from synapse.contracts.blobs import BlobStore
from synapse.contracts.messages import Event
from synapse.contracts.run import RunDetail, RunPage, RunState
from synapse.contracts.workflow import Workflow
from synapse.errors import Permanent
from synapse.state.definitions import Definitions
from synapse.state.events import Events
from synapse.state.lifecycle import Begun, Lifecycle, NewRun
from synapse.state.queries import Queries
from synapse.state.records import Hint
from synapse.workflows.program import Program

_SHA256: Final = 64


class Holdings:
    """Runs of one tenant. Blocks on the database, but for `blob`."""

    def __init__(self, queries: Queries, lifecycle: Lifecycle, events: Events, definitions: Definitions, blobs: BlobStore) -> None:
        """Of the tenant whose ``queries`` they are. Raises ValueError when those are everybody's."""
        if queries.tenant is None:
            raise ValueError("these queries are of no tenant")
        self.tenant = queries.tenant
        self._queries = queries
        self._lifecycle = lifecycle
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

    def runs(self, **filters: Any) -> RunPage:
        """A page of runs, newest first. Raises InvalidInput for a cursor that no page gave."""
        return self._queries.runs(**filters)

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

    async def blob(self, sha256: str, run: RunDetail, within: Iterable[str] = ()) -> bytes:
        """Bytes that a run of this tenant names: its output, a step's, or ``within`` what was read of those.

        Bytes are stored once, whoever put them there: knowing a name gives nobody a right to what it names. Raises Permanent when
        there are none, or the run does not name them.
        """
        if sha256 not in named(run.output) and sha256 not in set(within) and not any(sha256 in named(step.output) for step in run.steps):
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
