"""What can be done with runs. API, command and MCP face all come through here, so a rule lives once."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from synapse.contracts.messages import Event
from synapse.contracts.principal import Principal
from synapse.contracts.run import RunDetail, RunFilter, RunPage, RunQuery, RunRequest, RunState, StepState
from synapse.contracts.steps import StepDetail, StepPage
from synapse.contracts.waits import Signal, SignalRequest
from synapse.engine.runtime import Runtime
from synapse.errors import InvalidInput, NotFound
from synapse.faults import reach
from synapse.service.catalog import Catalog
from synapse.service.room import check_room
from synapse.state.lifecycle import NewRun
from synapse.state.records import Hint
from synapse.state.signals import Sent
from synapse.telemetry import tracing
from synapse.workflows.compile import check_payload, checked_input, compile_workflow
from synapse.workflows.program import Index, Node, Program, build, parse_place, place

if TYPE_CHECKING:
    # A worker imports this for schedules and the inbox, and asks nothing else: SQLAlchemy would be a fifth of its memory.
    from synapse.state.holdings import Holdings

_MAX_INPUT = 262_144


@dataclass(frozen=True)
class Submitted:
    """The run, and whether this request made it (or an earlier one with the same idempotency key)."""

    run: RunDetail
    created: bool


@dataclass(frozen=True)
class Signalled:
    """The signal, and whether this request sent it (or an earlier one with the same idempotency key)."""

    signal: Signal
    created: bool


class Runs:
    """Submit, look at, cancel and resume runs of the caller's tenant; another tenant's are like none.

    Every method blocks on the database; call it from a thread.
    """

    def __init__(self, runtime: Runtime, principal: Principal) -> None:
        self.runtime = runtime
        self.tenant = principal.tenant
        self.caller = principal.name

    @cached_property
    def catalog(self) -> Catalog:
        """The workflows that the tenant may run."""
        return Catalog(self.runtime.engine.workflows_dir, self.runtime.database.shelf(self.tenant))

    def submit(self, request: RunRequest, *, idempotency_key: str | None = None, traceparent: str | None = None) -> Submitted:
        """Check the request, write the run and tell the workers.

        Raises InvalidInput naming the field, NotFound for an unknown workflow, Conflict for an idempotency key that was used
        for another request. Once this returns, the run will end, whatever dies.
        """
        check_room(self.runtime, self.tenant, idempotency_key)
        program, new = self.prepare(request, idempotency_key=idempotency_key, traceparent=traceparent)
        reach("before-submit")
        with tracing.child("ledger.begin", kind="client", about={"synapse.run": new.id}):
            begun = self._held.begin(program, new)
        reach("in-submit")
        self.send(begun.hints)
        return Submitted(self.get(begun.run), begun.created)

    def prepare(
        self, request: RunRequest, *, run: str | None = None, idempotency_key: str | None = None, traceparent: str | None = None
    ) -> tuple[Program, NewRun]:
        """What the request would begin, checked; nothing is written. Raises InvalidInput naming the field, NotFound."""
        program = self._program(request.workflow)
        given = {**request.input, **({"question": request.question} if request.question is not None else {})}
        _check_size(given, "input")
        return program, NewRun(
            id=run or str(uuid.uuid4()),
            input=checked_input(program.workflow, given),
            timeout=request.timeout_seconds or program.workflow.timeout or self.runtime.engine.run_timeout_seconds,
            idempotency_key=idempotency_key,
            fingerprint=_fingerprint(request),
            traceparent=tracing.current() or traceparent,
            tenant=self.tenant,
            priority=request.priority,
            labels=dict(sorted(request.labels.items())),
        )

    @property
    def _held(self) -> Holdings:
        return self.runtime.database.of(self.tenant)

    def _program(self, name: str) -> Program:
        return compile_workflow(self.catalog.get(name), self.runtime.registry)

    def get(self, run: str) -> RunDetail:
        """The run with every step. Raises NotFound."""
        return self._held.run(run)

    def state(self, run: str) -> RunState:
        """Where the run stands. Raises NotFound."""
        return self._held.state(run)

    def list(self, query: RunQuery | None = None) -> RunPage:
        """A page of runs, newest first. Raises InvalidInput for a cursor that no page gave."""
        query = query or RunQuery()
        return self._held.runs(query, limit=query.limit, cursor=query.cursor)

    def ids(self, wanted: RunFilter, limit: int, cursor: str | None) -> tuple[Sequence[str], str | None]:
        """The ids of such a page, and the cursor of the next one."""
        return self._held.ids(wanted, limit=limit, cursor=cursor)

    def relabel(self, run: str, change: Mapping[str, str | None]) -> RunDetail:
        """Change the run's labels. Raises NotFound, InvalidInput when they are too many."""
        self._held.relabel(run, change)
        return self.get(run)

    def steps(
        self, run: str, *, state: StepState | None = None, agent: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> StepPage:
        """A page of the run's steps. Raises NotFound, and InvalidInput for a cursor that no page gave."""
        return self._held.steps(run, state=state, agent=agent, limit=limit, cursor=cursor)

    def step(self, run: str, place: str) -> StepDetail:
        """One step with what it was given and gave, and each of its attempts. Raises NotFound."""
        return self._held.step(run, place)

    def cancel(self, run: str, reason: str = "cancelled on request") -> RunDetail:
        """Stop the run; one that has ended stays as it is. Raises NotFound."""
        self.stop(run, reason)
        return self.get(run)

    def stop(self, run: str, reason: str) -> bool:
        """`cancel`, and only whether it was this that ended the run. Raises NotFound."""
        return self._held.cancel(run, reason)

    def resume(self, run: str) -> RunDetail:
        """Go on with a failed or cancelled run from its last good steps. Raises NotFound, Conflict."""
        self.reopen(run)
        return self.get(run)

    def signal(self, run: str, name: str, request: SignalRequest, *, idempotency_key: str | None = None) -> Signalled:
        """Send a signal to a run; what it lets go on has its messages sent before this returns.

        ``name`` is the signal's, with the member's numbers where the wait is inside a foreach: ``confirm[2]``. Raises NotFound for a
        name that the run's workflow does not wait for, InvalidPayload naming the field, Conflict when nothing will wait for it any more.
        """
        program = build(self._held.definition(run))
        node, index = _awaited(program, name)
        _check_size(request.payload, "payload")
        check_payload(node, request.payload)
        sent = Sent(node.signal or "", index, request.payload, self.caller, idempotency_key, _fingerprint(request, name))
        with tracing.child("ledger.signal", kind="client", about={"synapse.run": run}):
            received = self._held.receive(program, run, sent)
        reach("in-signal", name)
        self.send(received.outcome.hints)
        return Signalled(received.signal, received.created)

    def reopen(self, run: str) -> None:
        """`resume`, without looking at what came of it. Raises NotFound, Conflict."""
        program = build(self._held.definition(run))
        with tracing.child("ledger.resume", kind="client", about={"synapse.run": run}):
            hints = self._held.resume(program, run)
            # The run stays one trace; what had it go on is another one.
            tracing.meet("run resumed", hints[0].traceparent if hints else None, {"synapse.run": run})
        self.send(hints)

    def send(self, hints: Sequence[Hint]) -> None:
        """Tell the workers of steps that became ready."""
        gate = self.runtime.gate
        hints = hints if gate is None else gate.admit(hints)
        if self.runtime.publisher.hints(hints) < len(hints):
            # The run is written, and its caller waits for no broker: housekeeping sends them as soon as one takes them.
            self.runtime.database.ledger.unsent(hints)

    def events(self, run: str, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """Events of a run with a number above ``after``. Raises NotFound."""
        return self._held.events(run, after, limit)


def _awaited(program: Program, name: str) -> tuple[Node, Index]:
    """The node and the member that a signal's name stands for. Raises NotFound, with the names that there are."""
    try:
        signal, index = parse_place(name)
    except InvalidInput:
        signal, index = name, ()
    nodes = program.waiting_for(signal)
    if not nodes:
        known = sorted({node.signal for node in program.nodes.values() if node.signal is not None})
        remedy = f"it waits for {', '.join(known)}" if known else "it waits for none"
        raise NotFound(f"workflow {program.workflow.name!r} waits for no signal {signal[:64]!r}", field="name", remedy=remedy)
    if len(index) != nodes[0].depth:
        detail = f"{signal!r} is waited for by each member of a foreach" if nodes[0].depth else f"{signal!r} is not inside a foreach"
        raise NotFound(detail, field="name", remedy=f"send it to {place(signal, (0,) * nodes[0].depth)!r}, say")
    return nodes[0], index


def _check_size(given: Any, field: str) -> None:
    try:
        size = len(json.dumps(given, allow_nan=False, ensure_ascii=False).encode())
    except UnicodeEncodeError as error:
        raise InvalidInput("holds half of a surrogate pair, which is no character", field=field) from error
    except ValueError as error:
        raise InvalidInput("holds NaN or infinity, which are no JSON", field=field) from error
    if size > _MAX_INPUT:
        raise InvalidInput(f"more than {_MAX_INPUT} bytes of JSON", field=field, remedy="send less, or put it into a corpus")


def _fingerprint(request: RunRequest | SignalRequest, *more: str) -> str:
    # Left out where there are none, so that a key goes on to stand for a request of the time before there were labels.
    without = {"labels"} if isinstance(request, RunRequest) and not request.labels else None
    canonical: Any = request.model_dump(mode="json", exclude=without)
    canonical = [*more, canonical] if more else canonical
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()
