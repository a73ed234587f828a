"""What a workflow means, twice: a recursive evaluator that any reader can check, and the ledger's moves in memory."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from synapse.errors import Permanent
from synapse.workflows.advance import Arrive, Finish, Opening, Start, after, after_skip, needs, opening
from synapse.workflows.expressions import evaluate, truth
from synapse.workflows.program import Index, Node, Program, encode_index, place
from synapse.workflows.values import MISSING, Fetch, Rows, document, fetches, value, value_fetches
from tests.unit.workflows.strategies import Fate

FAILED = "failed"


class _Dropped(Exception):
    """A step inside a fan-out was skipped."""


@dataclass
class Reference:
    """Evaluates the tree as one would explain it to somebody: depth first, a fan-out's members one after the other."""

    program: Program
    fate: Fate
    ran: set[str] = field(default_factory=set)
    values: dict[tuple[str, Index], Any] = field(default_factory=dict)

    def result(self) -> Any:
        """The tree's value; FAILED when a fan-out is too wide or has too few successes."""
        try:
            return self._value(self.program.root, (), self.fate.input(), {})[0]
        except Permanent:
            return FAILED

    def value(self, node: Node, index: Index) -> Any:
        """What a node is worth to others once its turn is over, whether it ran or not."""
        if (node.key, index) in self.values:
            return self.values[node.key, index]
        if node.kind == "group":
            return [self.value(child, index) for child in node.children]
        if node.kind == "chain":
            return self.value(node.children[-1], index)
        return [] if node.kind == "foreach" else None

    def _value(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        found, ran = getattr(self, f"_{node.kind}")(node, index, prev, names)
        self.values[node.key, index] = found
        return found, ran

    def _step(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        at = place(node.key, index)
        self.ran.add(at)
        if node.source.on_error == "skip" and self.fate.skips(at):
            if node.fan_out() is not None:
                raise _Dropped
            return None, True
        return self.fate.output(at, prev), True

    def _wait(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        at = place(node.key, index)
        self.ran.add(at)
        if tolerates(node) and self.fate.skips(at):
            if node.fan_out() is not None:
                raise _Dropped
            return None, True
        ask = getattr(node.source, "ask", None)
        return self.fate.output(at, self._evaluate(ask, prev, names)[:2000] if ask else None), True

    def _chain(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        found, ran = prev, False
        for child in node.children:
            found, ran = self._value(child, index, found, names)
        return found, ran

    def _when(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        holds = truth(self._evaluate(node.source.when, prev, names))
        taken = node.children[:1] if holds else node.children[1:]
        for branch in taken:
            found, ran = self._value(branch, index, prev, names)
            return (found, True) if ran else (None, False)
        return None, False

    def _group(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        return [self._member(child, index, prev, names) for child in node.children], True

    def _foreach(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> tuple[Any, bool]:
        items = self._evaluate(node.source.items, prev, names) or []
        if len(items) > node.source.max:
            raise Permanent("too wide")
        kept, done = [], 0
        for number, item in enumerate(items):
            inner = {**names, node.source.as_: item, "index": number}
            try:
                kept.append(self._value(node.children[0], (*index, number), prev, inner)[0])
                done += 1
            except _Dropped:
                continue
        if done < node.source.min_success:
            raise Permanent("too few")
        return kept, bool(items)

    def _member(self, node: Node, index: Index, prev: Any, names: dict[str, Any]) -> Any:
        try:
            return self._value(node, index, prev, names)[0]
        except _Dropped:
            return None

    def _evaluate(self, expression: str, prev: Any, names: dict[str, Any]) -> Any:
        return evaluate(expression, {"input": self.fate.input(), "prev": prev, **names})


@dataclass
class Simulation:
    """The ledger's moves over dictionaries: one step at a time in a random order, everything read through `fetches`."""

    program: Program
    fate: Fate
    order: random.Random
    rows: Rows = field(default_factory=Rows)
    ready: list[tuple[Node, Index]] = field(default_factory=list)
    pending: dict[tuple[str, Index], int] = field(default_factory=dict)
    started: Counter[str] = field(default_factory=Counter)
    completed: Counter[tuple[str, Index]] = field(default_factory=Counter)
    seen: dict[tuple[str, Index], Any] = field(default_factory=dict)
    asked: dict[tuple[str, Index], str | None] = field(default_factory=dict)
    finished: int = 0
    failed: bool = False

    def run(self, limit: int = 20_000) -> Any:
        """To the end; the tree's value, or FAILED."""
        self._follow(Start(self.program.root, ()), ok=True)
        while self.ready and not self.failed:
            limit -= 1
            assert limit > 0, "the run does not end"
            self._step(*self.ready.pop(self.order.randrange(len(self.ready))))
        if self.failed:
            return FAILED
        return self.value(self.program.root, ())

    def visible(self, node: Node, index: Index) -> dict[tuple[str, Index], Any]:
        """What a step there may refer to, and the value that it sees."""
        return {(key, index[: seen.depth]): self.value(seen, index) for key, seen in self.program.nodes.items() if _before(seen, node)}

    def value(self, node: Node, index: Index) -> Any:
        """A node's value, seen through nothing but the rows that `value_fetches` names."""
        found = value(node, index, self.fetch(list(value_fetches(node, index))))
        return None if found is MISSING else found

    def _step(self, node: Node, index: Index) -> None:
        at = place(node.key, index)
        self.seen |= self.visible(node, index)
        if node.kind == "wait":
            self._end_wait(node, index, at)
            return
        if node.source.on_error == "skip" and self.fate.skips(at):
            self.rows.steps[node.key, index] = ("skipped", None, {"code": "permanent", "message": at})
            self._follow(after_skip(node, index), ok=False)
            return
        seen = document(self.program, node, index, self.fetch(fetches(self.program, node, index)), self.fate.input())
        self.rows.steps[node.key, index] = ("succeeded", self.fate.output(at, seen["prev"]), None)
        self._follow(after(node, index), ok=True)

    def _end_wait(self, node: Node, index: Index, at: str) -> None:
        if tolerates(node) and self.fate.skips(at):
            self.rows.steps[node.key, index] = ("skipped", None, {"code": "expired", "message": at})
            self._follow(after_skip(node, index), ok=False)
            return
        self.rows.steps[node.key, index] = ("succeeded", self.fate.output(at, self.asked[node.key, index]), None)
        self._follow(after(node, index), ok=True)

    def _follow(self, way: Start | Arrive | Finish, *, ok: bool) -> None:
        while not isinstance(way, Finish):
            if isinstance(way, Arrive):
                if not self._arrive(way, ok) or self.failed:
                    return
                ok, way = True, after(way.join, way.index)
                continue
            try:
                made = opening(self.program, way.node, way.index, self.fetch(needs(self.program, way.node, way.index)), self.fate.input())
            except Permanent:
                self.failed = True
                return
            self._write(made)
            if not made.done:
                return
            way = after(way.node, way.index)
        self.finished += 1

    def _arrive(self, way: Arrive, ok: bool) -> bool:
        at = (way.join.key, way.index)
        arrived = self.rows.arrivals[at]
        assert way.member not in arrived, f"member {way.member} arrives at {at} twice"
        arrived[way.member] = ok
        self.pending[at] -= 1
        if self.pending[at]:
            return False
        self.completed[at] += 1
        self.failed = way.join.kind == "foreach" and sum(arrived.values()) < way.join.source.min_success
        return True

    def _write(self, made: Opening) -> None:
        for join in made.joins:
            at = (join.node.key, join.index)
            assert at not in self.pending, f"{at} is opened twice"
            self.pending[at] = join.width - len(join.arrived)
            self.rows.arrivals[at] = dict.fromkeys(join.arrived, True)
            self.rows.items[at] = join.items
            if not self.pending[at]:
                self.completed[at] += 1
        for wait in made.waits:
            self.asked[wait.node.key, wait.index] = wait.wait.ask
        for step in [*made.steps, *made.waits]:
            self.started[place(step.node.key, step.index)] += 1
            self.ready.append((step.node, step.index))

    def fetch(self, wanted: list[Fetch]) -> Rows:
        """The rows that SQL would give: ranges are compared as texts."""
        into = Rows()
        for fetch in wanted:
            for (key, index), row in getattr(self.rows, fetch.what).items():
                if key != fetch.node or not fetch.low <= encode_index(index) <= fetch.high:
                    continue
                if fetch.what == "items" and fetch.member is not None:
                    into.members[key, (*index, fetch.member)] = row[fetch.member]
                else:
                    getattr(into, fetch.what)[key, index] = dict(row) if isinstance(row, dict) else row
        return into


def tolerates(node: Node) -> bool:
    """Whether a wait that fails may only drop what it is a member of."""
    return "skip" in (getattr(node.source, "on_timeout", None), getattr(node.source, "on_reject", None))


def _before(target: Node, node: Node) -> bool:
    """Whether the target's turn is over, for sure, when the node starts, and its value is one for the node's index."""
    mine, theirs = _line(node), _line(target)
    meeting = next(each for each in mine if each in theirs)
    if meeting in (node, target) or meeting.kind != "chain":
        return False
    below = theirs[1 : theirs.index(meeting)]
    return theirs[theirs.index(meeting) - 1].slot < mine[mine.index(meeting) - 1].slot and not any(n.kind == "foreach" for n in below)


def _line(node: Node) -> list[Node]:
    found = [node]
    while found[-1].parent is not None:
        found.append(found[-1].parent)
    return found
