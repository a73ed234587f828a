"""What can be done with runs. API, command and MCP face all come through here, so a rule lives once."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synapse.contracts.messages import Event
from synapse.contracts.principal import Principal
from synapse.contracts.run import RunDetail, RunPage, RunRequest, RunState
from synapse.engine.runtime import Runtime
from synapse.errors import InvalidInput
from synapse.faults import reach
from synapse.service.catalog import Catalog
from synapse.service.room import check_room
from synapse.state.holdings import Holdings
from synapse.state.lifecycle import NewRun
from synapse.state.records import Hint
from synapse.telemetry import tracing
from synapse.workflows.compile import checked_input, compile_workflow
from synapse.workflows.program import Program, build

_MAX_INPUT = 262_144


@dataclass(frozen=True)
class Submitted:
    """The run, and whether this request made it (or an earlier one with the same idempotency key)."""

    run: RunDetail
    created: bool


class Runs:
    """Submit, look at, cancel and resume runs of the caller's tenant; another tenant's are like none.

    Every method blocks on the database; call it from a thread.
    """

    def __init__(self, runtime: Runtime, principal: Principal) -> None:
        self.runtime = runtime
        self.tenant = principal.tenant
        self.catalog = Catalog(runtime.engine.workflows_dir)

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
        _check_size(given)
        return program, NewRun(
            id=run or str(uuid.uuid4()),
            input=checked_input(program.workflow, given),
            timeout=request.timeout_seconds or self.runtime.engine.run_timeout_seconds,
            idempotency_key=idempotency_key,
            fingerprint=_fingerprint(request),
            traceparent=tracing.current() or traceparent,
            tenant=self.tenant,
            priority=request.priority,
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

    def list(self, *, state: RunState | None = None, workflow: str | None = None, limit: int = 50, cursor: str | None = None) -> RunPage:
        """A page of runs, newest first."""
        return self._held.runs(state=state, workflow=workflow, limit=limit, cursor=cursor)

    def cancel(self, run: str, reason: str = "cancelled on request") -> RunDetail:
        """Stop the run; one that has ended stays as it is. Raises NotFound."""
        self._held.cancel(run, reason)
        return self.get(run)

    def resume(self, run: str) -> RunDetail:
        """Go on with a failed or cancelled run from its last good steps. Raises NotFound, Conflict."""
        program = build(self._held.definition(run))
        self.send(self._held.resume(program, run))
        return self.get(run)

    def send(self, hints: Sequence[Hint]) -> None:
        """Tell the workers of steps that became ready."""
        gate = self.runtime.gate
        self.runtime.publisher.hints(hints if gate is None else gate.admit(hints))

    def events(self, run: str, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """Events of a run with a number above ``after``. Raises NotFound."""
        return self._held.events(run, after, limit)


def _check_size(given: dict[str, Any]) -> None:
    try:
        size = len(json.dumps(given, allow_nan=False, ensure_ascii=False).encode())
    except UnicodeEncodeError as error:
        raise InvalidInput("holds half of a surrogate pair, which is no character", field="input") from error
    except ValueError as error:
        raise InvalidInput("holds NaN or infinity, which are no JSON", field="input") from error
    if size > _MAX_INPUT:
        raise InvalidInput(f"more than {_MAX_INPUT} bytes of JSON", field="input", remedy="send less, or put it into a corpus")


def _fingerprint(request: RunRequest) -> str:
    canonical: dict[str, Any] = request.model_dump(mode="json")
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()
