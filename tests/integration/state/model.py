"""What the ledger must hold, in dictionaries: where a run stands follows from its recorded results alone.

`Progress` walks the tree depth first, as one would explain it, and knows nothing of `synapse.workflows.advance`. `RunModel` adds
what the ledger keeps beside results: states, fences, counters, due times and the names of events.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from synapse.errors import Permanent
from synapse.workflows.expressions import evaluate, truth
from synapse.workflows.program import Index, Node, Program, encode_index, parse_place, place
from synapse.workflows.waits import Answer, Ended, answered, fired
from tests.unit.workflows.strategies import Fate

MAX_LOST = 1
OPEN = ("ready", "waiting", "running", "parked")
NEVER, SOON = 0, -1
"""Due times: none, and one to come; a positive number is one that has passed, the lower the earlier."""


class _Open(Exception):
    """Something in here is not done."""


class _Dropped(Exception):
    """A step inside a fan-out was skipped."""


@dataclass
class Progress:
    """``results`` are outputs by place, None for a skipped step. Raises Permanent where the run cannot go on."""

    program: Program
    fate: Fate
    results: Mapping[str, Any]
    open: dict[str, Any] = field(default_factory=dict)  # what each step that is not done sees as `prev`
    joins: dict[tuple[str, str], tuple[int, dict[int, bool]]] = field(default_factory=dict)
    finished: bool = False
    value: Any = None

    def __post_init__(self) -> None:
        try:
            self.value, _ = self._value(self.program.root, (), self.fate.input(), {})
            self.finished = True
        except _Open:
            pass

    def _value(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        found: tuple[Any, bool] = getattr(self, f"_{node.kind}")(node, index, prev, names)
        return found

    def _step(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        at = place(node.key, index)
        if at not in self.results:
            self.open[at] = prev
            raise _Open
        if self.results[at] is None and node.fan_out() is not None:
            raise _Dropped
        return self.results[at], True

    _wait = _step

    def _chain(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        ran = False
        for child in node.children:
            prev, ran = self._value(child, index, prev, names)
        return prev, ran

    def _when(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        holds = truth(self._evaluate(node.source.when, prev, names))
        for branch in node.children[:1] if holds else node.children[1:]:
            found, ran = self._value(branch, index, prev, names)
            return (found, True) if ran else (None, False)
        return None, False

    def _group(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        values, came = self._members(node, index, [(child, index, names) for child in node.children], prev)
        return [value if came[number] else None for number, value in enumerate(values)], True

    def _foreach(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        items = self._evaluate(node.source.items, prev, names) or []
        if not node.source.min_success <= len(items) <= node.source.max:
            raise Permanent(f"{len(items)} items")
        members = [
            (node.children[0], (*index, number), {**names, node.source.as_: item, "index": number}) for number, item in enumerate(items)
        ]
        values, came = self._members(node, index, members, prev) if members else ([], {})
        if sum(came.values()) < node.source.min_success:
            raise Permanent("too few")
        return [value for number, value in enumerate(values) if came[number]], bool(items)

    def _members(
        self, node: Node, index: Index, members: list[tuple[Node, Index, dict[str, Any]]], prev: Any
    ) -> tuple[list[Any], dict[int, bool]]:
        values: list[Any] = []
        came: dict[int, bool] = {}
        for number, (child, at, names) in enumerate(members):
            values.append(None)
            try:
                values[number], _ = self._value(child, at, prev, names)
                came[number] = True
            except _Dropped:
                came[number] = False
            except _Open:
                pass
        self.joins[node.key, encode_index(index)] = (len(members), came)
        if len(came) < len(members):
            raise _Open
        return values, came

    def _evaluate(self, expression: str, prev: Any, names: dict[str, Any]) -> Any:
        return evaluate(expression, {"input": self.fate.input(), "prev": prev, **names})


@dataclass
class SignalModel:
    """A signal's row; ``node`` is who took it, in which of its waits."""

    number: int
    name: str
    index: Index
    answer: Answer
    node: str | None = None
    attempt: int | None = None


@dataclass
class StepModel:
    """A step's row; ``attempt`` is the fence."""

    state: str = "ready"
    attempt: int = 0
    failures: int = 0
    lost: int = 0
    hints: int = 0
    due: int = SOON

    @property
    def when(self) -> str:
        """Its due time in a word."""
        return {NEVER: "never", SOON: "to come"}.get(self.due, "over")


@dataclass
class RunModel:
    """A run's rows. Raises Permanent when its first node cannot be started."""

    id: str
    program: Program
    fate: Fate
    state: str = "running"
    late: bool = False
    steps: dict[str, StepModel] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    events: list[str] = field(default_factory=lambda: ["run.created"])
    signals: list[SignalModel] = field(default_factory=list)
    early: list[str] = field(default_factory=list)  # waits that began with their signal there, and are to be ended

    def __post_init__(self) -> None:
        self.progress = Progress(self.program, self.fate, {})
        self._go_on()

    def claimable(self, at: str) -> bool:
        """Whether a worker that asks for the step gets it."""
        step = self.steps[at]
        if self.state != "running" or self.late:
            return False
        return step.state == "ready" or (step.state == "running" and step.due > 0 and step.lost < MAX_LOST)

    def holds(self, at: str, attempt: int) -> bool:
        """Whether that attempt's result counts."""
        step = self.steps[at]
        return self.state == "running" and step.state == "running" and step.attempt == attempt

    def claim(self, at: str) -> None:
        """A worker takes the step."""
        step = self.steps[at]
        step.lost += step.state == "running"
        step.state, step.due = "running", SOON
        step.attempt += 1
        self.events.append("step.started")

    def complete(self, at: str, output: dict[str, Any]) -> list[str] | None:
        """A result that counts; the steps that it makes ready, None when the run fails by it."""
        return self._record(at, "succeeded", output)

    def skip(self, at: str) -> list[str] | None:
        """A member is dropped; the same."""
        self.steps[at].failures += 1
        made = self._record(at, "skipped", None)
        self.steps[at].failures -= made is None  # counted by the failure that it became
        return made

    def retry(self, at: str) -> None:
        """A failure that counts, with a timer for the next try."""
        step = self.steps[at]
        step.state, step.due = "waiting", SOON
        step.failures += 1
        self.events.append("step.retrying")

    def fail(self, at: str, held: Collection[str] = ()) -> None:
        """The step fails, and the run with it. Steps ``held`` by a transaction of somebody else stay as they are."""
        step = self.steps[at]
        step.state, step.due = "failed", NEVER
        step.failures += 1
        self.state = "failed"
        self.events += ["step.failed", "run.failed"]
        for name, other in self.steps.items():
            if name not in held:
                other.due = NEVER

    def stop(self, state: str, held: Collection[str] = ()) -> None:
        """The run is cancelled, or past its deadline."""
        self.state = state
        self.events.append(f"run.{state}")
        for name, step in self.steps.items():
            if step.state in OPEN and name not in held:
                step.state, step.due = "parked" if step.state == "parked" else "ready", NEVER

    def resume(self) -> set[str]:
        """What was open or failed is ready again, with fresh tries, or waits anew; the places of what is ready."""
        again = {at for at, step in self.steps.items() if step.state in (*OPEN, "failed")}
        waits = {at for at in again if self.node(at).kind == "wait"}
        for at in again:
            self.steps[at] = StepModel(attempt=self.steps[at].attempt)
        for at in waits:
            self.steps[at] = StepModel("parked", self.steps[at].attempt + 1)
        self.state, self.late = "running", False
        self.events += ["run.resumed", *["step.waiting"] * len(waits)]
        return again - waits

    # -- waits ----------------------------------------------------------------------------------------------------

    def node(self, at: str) -> Node:
        """The node of a place."""
        return self.program.nodes[parse_place(at)[0]]

    def taker(self, name: str, index: Index) -> str | None:
        """Which step takes a signal at once; None when it is kept. Raises LookupError when it is refused."""
        nodes = self.program.waiting_for(name)
        for depth, foreach in enumerate(nodes[0].enclosing_foreachs()):
            width, _ = self.progress.joins.get((foreach.key, encode_index(index[:depth])), (foreach.source.max, {}))
            if index[depth] >= width:
                raise LookupError("no such member")
        places = [place(node.key, index) for node in nodes]
        waiting = [at for at in places if at in self.steps and self.steps[at].state == "parked"]
        to_come = [at for at in places if at not in self.steps]
        kept = [each for each in self.signals if (each.name, each.index, each.node) == (name, index, None)]
        if self.state != "running" or (not waiting and len(to_come) <= len(kept)):
            raise LookupError("nothing waits for it")
        return waiting[0] if waiting else None

    def receive(self, signal: SignalModel, at: str | None) -> list[str] | None:
        """A signal that counts; the steps that it makes ready, None when the run fails by it."""
        self.events.append("signal.received")
        self.signals.append(signal)
        return self._take(signal, at) if at is not None else []

    def fire(self, at: str, until: datetime) -> list[str] | None:
        """A wait's time is over; the same."""
        node, index = self.node(at), parse_place(at)[1]
        return self._end(at, fired(node, index, until, {"input": self.fate.input(), "prev": self.progress.open[at]}))

    def settle(self) -> list[str]:
        """End the waits that began with their signal there, in their order; the steps that this makes ready."""
        made: list[str] = []
        early, self.early = self.early, []
        for at in early:
            if self.state == "running":
                key, index = parse_place(at)
                made += self._take(next(each for each in self.signals if (each.node, each.index) == (key, index)), at) or []
                made += self.settle()
        return made

    def _take(self, signal: SignalModel, at: str) -> list[str] | None:
        signal.node, signal.attempt = parse_place(at)[0], self.steps[at].attempt
        return self._end(at, answered(self.node(at), signal.index, signal.answer))

    def _end(self, at: str, ended: Ended) -> list[str] | None:
        if ended.failure is None:
            return self._record(at, "succeeded", ended.output)
        if ended.skip:
            return self.skip(at)
        self.fail(at)
        return None

    def lose(self, at: str) -> bool:
        """A sweep finds the step's worker silent; whether the step is ready again, rather than given up with its run."""
        step = self.steps[at]
        if step.lost >= MAX_LOST:
            self.fail(at)
            return False
        step.state, step.due = "ready", SOON
        step.lost += 1
        self.events.append("step.lost")
        return True

    def pass_on(self, at: str) -> None:
        """A worker cannot make the ready step out, and leaves it to others."""
        step = self.steps[at]
        step.due = SOON
        step.hints = max(0, step.hints - 1)
        self.events.append("step.lost")

    def _record(self, at: str, state: str, output: Any) -> list[str] | None:
        results = {**self.results, at: output}
        try:
            self.progress = Progress(self.program, self.fate, results)
        except Permanent:
            self.fail(at)
            return None
        self.results = results
        step = self.steps[at]
        step.state, step.due = state, NEVER
        self.events.append(f"step.{state}")
        return self._go_on()

    def _go_on(self) -> list[str]:
        made = [at for at in self.progress.open if at not in self.steps]
        waits = [at for at in made if self.node(at).kind == "wait"]
        self.steps |= {at: StepModel("parked", 1) if at in waits else StepModel() for at in made}
        self.events += ["step.waiting"] * len(waits)
        for at in waits:
            index, name = parse_place(at)[1], self.node(at).signal
            kept = [each for each in self.signals if (each.name, each.index, each.node) == (name, index, None)]
            if kept:
                kept[0].node, kept[0].attempt = parse_place(at)[0], 1
                self.early.append(at)
        assert set(self.steps) == set(self.progress.open) | set(self.results), "the model itself is wrong"
        if self.progress.finished:
            self.state = "succeeded"
            self.events.append("run.succeeded")
        return [at for at in made if at not in waits]
