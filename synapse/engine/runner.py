"""One try of one step: claim, inputs, agent, result, and the messages for what comes next. No Celery in here."""

from __future__ import annotations

import asyncio
import concurrent.futures
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError

from synapse.contracts.agent import Agent, queue_of
from synapse.contracts.run import Failure
from synapse.contracts.toolbox import StepContext, Toolbox
from synapse.contracts.workflow import Retry, Step
from synapse.engine.heartbeat import Heartbeat, Held
from synapse.engine.publisher import Publisher
from synapse.engine.stopping import Stopping
from synapse.errors import Cancelled, NotFound, OutOfReach, Permanent, StepTimeout, SynapseError, Transient, Unavailable
from synapse.faults import reach
from synapse.state.definitions import Definitions
from synapse.state.ledger import Ledger, failure_of
from synapse.state.records import STALE, Attempt, Hint, Keep, Note, Outcome
from synapse.state.window import Window
from synapse.telemetry import metrics, tracing
from synapse.tools.loop import BackgroundLoop, process_loop
from synapse.workflows.advance import Arrive, after
from synapse.workflows.program import Index, Program, parse_place
from synapse.workflows.values import given as given_to
from synapse.workflows.values import joined

_log = structlog.get_logger(__name__)

ToolboxFactory = Callable[[StepContext, Callable[[float, float, str], Awaitable[None]]], Toolbox]
_PROGRESS_EVERY = 0.5
_FIRST_AWAY = 0.5
_MOST_AWAY = 10.0
_MOST_LINKS = 100


@dataclass(frozen=True)
class Runner:
    """Everything a try needs. One per process; its methods are called from any number of threads."""

    ledger: Ledger
    definitions: Definitions
    agents: Mapping[str, Agent]
    publisher: Publisher
    heartbeat: Heartbeat
    toolbox: ToolboxFactory
    worker: str
    inline: bool = True
    gate: Window | None = None
    watch: Callable[[float], AbstractContextManager[object]] = lambda seconds: nullcontext()
    stopping: Stopping = field(default_factory=Stopping)
    patience: float = 0.0
    """Seconds that a tool's server may be out of reach before that counts as a failed try."""
    tenant_classes: Mapping[str, str] = field(default_factory=dict)
    """Classes by tenant; where there are any, log lines say which the step's run is of."""

    def try_step(self, run: str, place: str, digest: str) -> str:
        """Try the step, and what follows it in its chain on the same queue.

        Returns what became of the last one tried: succeeded, retrying, skipped, failed, stale, cancelled; or nothing.
        """
        key, index = parse_place(place)
        try:
            program = self._program(digest)
        except Unavailable:
            raise
        except Exception as error:
            return self._unreadable(run, key, index, error)
        reach("before-claim", place)
        with tracing.child("ledger.claim", kind="client"):
            attempt = self.ledger.claim(program, run, key, index, self.worker)
        if attempt is None:
            metrics.HINTS_SUPPRESSED.inc()
        became = "nothing"
        while attempt is not None:
            became, attempt = self._try(program, attempt)
        return became

    def _unreadable(self, run: str, key: str, index: Index, error: Exception) -> str:
        """A workflow that this version cannot make out is left to a worker of another one."""
        failure = Failure(code="unreadable-workflow", message=f"no worker can read the run's workflow: {failure_of(error).message}"[:2000])
        _log.error("step.unreadable", run=run, node=key, error=failure.message)
        return "failed" if self.ledger.pass_on(run, key, index, failure) else "nothing"

    def _try(self, program: Program, attempt: Attempt) -> tuple[str, Attempt | None]:
        reach("after-claim", attempt.place)
        step = program.step(attempt.node.key)
        started = perf_counter()
        told: dict[str, str | int] = {"synapse.run": attempt.run, "synapse.step": attempt.place, "synapse.attempt": attempt.number}
        with (
            structlog.contextvars.bound_contextvars(**self._said(step, attempt)),
            tracing.span(f"step {step.agent}", attempt.traceparent, about=told, ident=_span_of(attempt.run, attempt.place, attempt.number)),
            self.heartbeat.holding(attempt) as held,
        ):
            if tracing.recorded():
                tracing.follow(self._led_here(attempt))
            outcome, became = self._settle(program, step, attempt, held)
        metrics.STEP_SECONDS.labels(step.agent, became).observe(perf_counter() - started, metrics.exemplar(attempt.traceparent))
        if not outcome.recorded:
            if became != "cancelled":
                metrics.RESULTS_FENCED.inc()
                became = "stale"
            return became, None
        reach("after-commit", attempt.place)
        if outcome.led_on and isinstance(after(attempt.node, attempt.index), Arrive):
            metrics.JOINS_COMPLETED.inc()
        own = self._own(step, outcome)
        self._send([hint for hint in outcome.hints if hint is not own], ended=attempt.run)
        if own is None:
            return became, outcome.kept
        key, index = parse_place(own.place)
        return became, self.ledger.claim(program, own.run, key, index, self.worker)

    def _led_here(self, attempt: Attempt) -> list[str]:
        """Spans that this one follows from: its own attempt before, and the members of the fan-out whose join it comes after."""
        if attempt.traceparent is None:
            return []
        before = [(attempt.place, attempt.number - 1)] if attempt.number > 1 else []
        members: list[tuple[str, int]] = []
        # A step does without links sooner than it waits for a database because of them.
        with suppress(SynapseError):
            members = self.ledger.ended(attempt.run, joined(attempt.node, attempt.index), _MOST_LINKS)
        return [tracing.beside(attempt.traceparent, _span_of(attempt.run, place, number)) for place, number in [*before, *members]]

    def _send(self, hints: Sequence[Hint], *, ended: str | None = None) -> None:
        if self.gate is not None:
            hints = self.gate.admit(hints, ended=ended)
        if self.publisher.hints(hints, wait=False) < len(hints):
            self.ledger.unsent(hints)

    @property
    def _goes_on(self) -> bool:
        """Whether one of the steps that became ready is tried here: not by a worker that is to stop."""
        return self.inline and not self.stopping.asked

    def _own(self, step: Step, outcome: Outcome) -> Hint | None:
        """One of the steps that became ready, if it is for this very queue: tried here, it needs no message and no round trip.

        The ledger keeps one where it can; otherwise it is claimed here, after the others' messages have left.
        """
        if outcome.kept is not None or not self._goes_on:
            return None
        keep = Keep(self.worker, queue_of(step.agent), self.agents)
        return next((hint for hint in outcome.hints if keep.takes(hint.agent)), None)

    def _program(self, digest: str) -> Program:
        try:
            return self.definitions.program(digest)
        except NotFound as error:
            raise Permanent(str(error)) from error

    def _settle(self, program: Program, step: Step, attempt: Attempt, held: Held) -> tuple[Outcome, str]:
        try:
            output = self._execute(program, step, attempt, held)
        except Cancelled:
            return STALE, "cancelled"
        except Exception as error:
            return self._failed(program, step, attempt, error)
        reach("before-commit", attempt.place)
        keep = Keep(self.worker, queue_of(step.agent), self.agents) if self._goes_on else None
        with tracing.child("ledger.complete", kind="client"):
            outcome = self.ledger.complete(program, attempt, output, keep)
        # What it led to may be impossible: a list wider than its limit fails the step that gave it.
        return outcome, "failed" if outcome.failed else "succeeded"

    # -- execution ----------------------------------------------------------------------------------------------

    def _execute(self, program: Program, step: Step, attempt: Attempt, held: Held) -> dict[str, Any]:
        agent = self.agents.get(step.agent)
        if agent is None:
            raise Permanent(f"this worker has no agent {step.agent!r}; its package is not installed here")
        task = self._task(program, attempt, agent)
        seconds = self._seconds(step, agent, attempt)
        context = StepContext(
            run=attempt.run,
            step=attempt.place,
            agent=agent.name,
            attempt=attempt.number,
            deadline=datetime.fromtimestamp(datetime.now(UTC).timestamp() + seconds, UTC),
            traceparent=tracing.current() or attempt.traceparent,
        )
        tools = self.toolbox(context, _Progress(self.ledger, attempt, perf_counter()))
        held.late = lambda: self._out_of_time(program, step, attempt, seconds)
        held.hand_back = lambda: self._send(self.ledger.hand_back(program, attempt))
        output = self._call(agent, task, tools, seconds, held)
        if not isinstance(output, agent.output):
            raise Permanent(f"agent {agent.name!r} gave {type(output).__name__}, not {agent.output.__name__}")
        return output.model_dump(mode="json", by_alias=True)

    @staticmethod
    def _task(program: Program, attempt: Attempt, agent: Agent) -> BaseModel:
        given = given_to(program, attempt.node, attempt.index, attempt.rows, attempt.run_input)
        # null for a field with a default means "not given": an expression cannot leave a field out.
        given = {name: value for name, value in given.items() if value is not None or _wants_null(agent.input, name)}
        try:
            return agent.input.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Permanent(f"{attempt.node.at}.with.{where}: {first['msg']}") from error

    @staticmethod
    def _seconds(step: Step, agent: Agent, attempt: Attempt) -> float:
        seconds = step.timeout or agent.timeout
        if attempt.deadline is None:
            return seconds
        return max(0.001, min(seconds, (attempt.deadline - datetime.now(UTC)).total_seconds()))

    def _call(self, agent: Agent, task: BaseModel, tools: Toolbox, seconds: float, held: Held) -> Any:
        if not agent.is_async:
            held.stuck = True
            held.until = held.since + seconds
            reach("in-agent", held.attempt.place)
            try:
                with self.watch(seconds):
                    return agent.function(task, tools)
            finally:
                held.stuck = False
        loop: BackgroundLoop = process_loop()
        # One wait for result, time-out and cancellation alike: the heartbeat cancels the future from its own thread.
        future = loop.submit(_within(agent.function(task, tools), seconds, held.attempt.place))
        held.stop = future.cancel
        if held.lost:
            future.cancel()
        try:
            return future.result()
        except (concurrent.futures.CancelledError, asyncio.CancelledError):
            if held.lost or loop.closed:
                raise Cancelled(f"{held.attempt.place} was cancelled") from None
            # The step still counts: something that the agent waited for was cancelled, and nobody else would report it.
            raise Transient("what the agent waited for was cancelled") from None

    def _said(self, step: Step, attempt: Attempt) -> dict[str, str | int]:
        """What every line that is logged during an attempt tells, whoever logs it: also the agent, and a library below it."""
        said: dict[str, str | int] = {"run": attempt.run, "step": attempt.place, "agent": step.agent, "attempt": attempt.number}
        if self.tenant_classes:
            said["tenant_class"] = self.tenant_classes.get(attempt.tenant, metrics.OTHER_CLASS)
        if (trace := tracing.trace_of(attempt.traceparent)) is not None:
            said["trace_id"] = trace
        return said

    # -- failure ------------------------------------------------------------------------------------------------

    def _out_of_time(self, program: Program, step: Step, attempt: Attempt, seconds: float) -> None:
        """Called by the heartbeat while a plain function is still at it: whatever it gives later is stale."""
        error = StepTimeout(f"no result within {seconds:g} seconds")
        outcome, became = self._failed(program, step, attempt, error)
        if outcome.recorded:
            _log.warning("step.overran", run=attempt.run, step=attempt.place, attempt=attempt.number, became=became)
            self._send(outcome.hints, ended=attempt.run)

    def _failed(self, program: Program, step: Step, attempt: Attempt, error: Exception) -> tuple[Outcome, str]:
        failure = failure_of(error)
        tracing.failed(failure.code)
        said = self._said(step, attempt)
        if isinstance(error, SynapseError):
            _log.info("step.error", **said, code=failure.code, error=failure.message)
        else:
            _log.exception("step.error", **said, code=failure.code)
        agent = self.agents.get(step.agent)
        retry = step.retry or (agent.retry if agent else Retry())
        tries = attempt.number - 1 - attempt.failures
        if isinstance(error, OutOfReach) and retry.attempts > 1 and (wait := back_in(tries, self.patience)) is not None:
            return self.ledger.fail(program, attempt, failure, retry_in=wait, counted=False), "retrying"
        if _worth_retrying(retry, error, failure, attempt.failures):
            return self.ledger.fail(program, attempt, failure, retry_in=delay(retry, attempt.failures, error)), "retrying"
        outcome = self.ledger.fail(program, attempt, failure, skip=step.on_error == "skip")
        return outcome, "failed" if outcome.failed else "skipped"


@dataclass
class _Progress:
    """Turns an agent's progress into events, at most two a second: a step that is done sooner has no use for them."""

    ledger: Ledger
    attempt: Attempt
    last: float

    async def __call__(self, done: float, total: float, message: str) -> None:
        now = perf_counter()
        if now - self.last < _PROGRESS_EVERY:
            return
        self.last = now
        data = {"done": done, "total": total, "message": message[:200]}
        await asyncio.to_thread(self.ledger.note, self.attempt, Note("log_broadcast", "step.progress", data=data))


async def _within(work: Any, seconds: float, place: str) -> Any:
    try:
        async with asyncio.timeout(seconds) as limit:
            reach("in-agent", place)
            return await work
    except TimeoutError:
        if limit.expired():
            raise StepTimeout(f"no result within {seconds:g} seconds") from None
        raise


def _span_of(run: str, place: str, number: int) -> int:
    return tracing.span_id_of("step", run, place, number)


def _wants_null(model: type[BaseModel], name: str) -> bool:
    fields = {info.alias or key: info for key, info in model.model_fields.items()}
    field = fields.get(name) or model.model_fields.get(name)
    return field is None or field.is_required()


def _worth_retrying(retry: Retry, error: Exception, failure: Failure, failures: int) -> bool:
    if failures + 1 >= retry.attempts:
        return False
    if retry.on is not None:
        return failure.code in retry.on or (isinstance(error, Transient) and Transient.code in retry.on)
    # What no agent foresaw may be a passing fault of anything below it.
    return error.retryable if isinstance(error, SynapseError) else True


def back_in(tries: int, patience: float) -> float | None:
    """Seconds until a tool's server that does not answer is tried again after so many tries; None when patience is over.

    It is the installation that fails then, not the step: while it is restarted its steps wait, as they do for a database.
    """
    waits = [min(_MOST_AWAY, _FIRST_AWAY * 2.0**number) for number in range(tries + 1)]
    return waits[-1] * random.uniform(0.5, 1.0) if sum(waits[:-1]) < patience else None


def delay(retry: Retry, failures: int, error: Exception | None = None) -> float:
    """Seconds before the next try: exponential, bounded, and jittered so that many failing at once do not come back at once.

    Not sooner than the failure asks for, as far as ``retry.max_delay`` lets it ask.
    """
    ours = min(retry.max_delay, retry.delay * retry.factor**failures) * random.uniform(0.5, 1.0)
    asked = error.retry_after if isinstance(error, Transient) else None
    return float(max(ours, min(retry.max_delay, asked or 0.0)))
