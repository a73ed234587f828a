"""What a completion leads to: pure, so that the ledger only has to write it down.

`after` says where the flow goes from a node: on to the next node, to the join around it, or to the end.
`opening` says what becomes ready when a node is started; a fan-out may turn out empty, and then the node is done at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synapse.errors import Permanent
from synapse.workflows.expressions import evaluate, truth
from synapse.workflows.program import Index, Node, Program
from synapse.workflows.values import Fetch, Rows, document, expressions_of, fetches
from synapse.workflows.waits import PlannedWait, planned

MAX_STEPS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Start:
    """Go on with this node."""

    node: Node
    index: Index


@dataclass(frozen=True)
class Arrive:
    """A member of a fan-out is done: arrive at its join as child ``member``."""

    join: Node
    index: Index
    member: int


@dataclass(frozen=True)
class Finish:
    """The tree is done."""


@dataclass(frozen=True)
class NewStep:
    """A step that becomes ready."""

    node: Node
    index: Index


@dataclass(frozen=True)
class NewWait:
    """A step that begins to wait, without a message."""

    node: Node
    index: Index
    wait: PlannedWait


@dataclass(frozen=True)
class NewJoin:
    """A fan-out that opens; members in ``arrived`` had nothing to do and are in already."""

    node: Node
    index: Index
    width: int
    items: list[Any] | None
    arrived: tuple[int, ...]


@dataclass
class Opening:
    """Everything that starting a node makes; ``done`` when there was nothing to do at all."""

    steps: list[NewStep] = field(default_factory=list)
    joins: list[NewJoin] = field(default_factory=list)
    waits: list[NewWait] = field(default_factory=list)
    done: bool = False


def after(node: Node, index: Index) -> Start | Arrive | Finish:
    """Where the flow goes when the node is done."""
    while (parent := node.parent) is not None:
        if parent.kind == "chain" and node.slot + 1 < len(parent.children):
            return Start(parent.children[node.slot + 1], index)
        if parent.kind == "foreach":
            return Arrive(parent, index[:-1], index[-1])
        if parent.kind == "group":
            return Arrive(parent, index, node.slot)
        node = parent
    return Finish()


def after_skip(node: Node, index: Index) -> Start | Arrive | Finish:
    """Where the flow goes when a step is skipped: the member that holds it is dropped; outside a fan-out the flow goes on."""
    around = node.fan_out()
    if around is None:
        return after(node, index)
    join, slot = around
    outer = index[: join.depth]
    return Arrive(join, outer, index[join.depth] if join.kind == "foreach" else slot)


def decides(node: Node) -> bool:
    """Whether starting the node takes a look at values: something at its head is a foreach or a when, or waits for what is told there."""
    return any(_looks(head) for head in _heads(node))


def _looks(head: Node) -> bool:
    return head.kind in ("foreach", "when") or (head.kind == "wait" and bool(expressions_of(head)))


def needs(program: Program, node: Node, index: Index) -> list[Fetch]:
    """The rows that starting the node needs."""
    found = [fetch for head in _heads(node) if _looks(head) for fetch in fetches(program, head, index)]
    # Items of a foreach that this very opening creates are known to it; they have no row yet.
    made_here = {head.key for head in _heads(node) if head.kind == "foreach"}
    return [fetch for fetch in dict.fromkeys(found) if not (fetch.what == "items" and fetch.node in made_here)]


def _heads(node: Node) -> list[Node]:
    """The nodes that may be reached at once when the node is started."""
    below = list(node.children)
    if node.kind == "chain":
        sure = next((i for i, child in enumerate(below) if not _may_be_empty(child)), len(below))
        below = below[: sure + 1]
    return [node, *(head for child in below for head in _heads(child))]


def _may_be_empty(node: Node) -> bool:
    """Whether the node can turn out to have nothing to do."""
    if node.is_step:
        return False
    return node.kind in ("foreach", "when") or all(_may_be_empty(child) for child in node.children)


def opening(program: Program, node: Node, index: Index, rows: Rows, run_input: Mapping[str, Any]) -> Opening:
    """What becomes ready when the node is started. Raises Permanent: a list too long, an expression that fails."""
    made = Opening()
    made.done = _Opener(program, rows, run_input, made).open(node, index)
    return made


@dataclass
class _Opener:
    program: Program
    rows: Rows
    run_input: Mapping[str, Any]
    made: Opening

    def open(self, node: Node, index: Index) -> bool:
        """Open the node; True when it is done at once."""
        if node.kind == "step":
            self.made.steps.append(NewStep(node, index))
            self._check_number(node)
            return False
        if node.kind == "wait":
            self.made.waits.append(NewWait(node, index, planned(node, self._document(node, index) if expressions_of(node) else {})))
            self._check_number(node)
            return False
        if node.kind == "chain":
            return all(self.open(child, index) for child in node.children)  # stops at the first that has something to do
        if node.kind == "when":
            holds = truth(evaluate(node.source.when, self._document(node, index)))
            branch = node.children[0] if holds else node.children[1] if len(node.children) > 1 else None
            return branch is None or self.open(branch, index)
        if node.kind == "group":
            return self._join(node, index, [self.open(child, index) for child in node.children], None)
        return self._foreach(node, index)

    def _check_number(self, node: Node) -> None:
        if len(self.made.steps) + len(self.made.waits) > MAX_STEPS_AT_ONCE:
            raise Permanent(f"{node.at}: more than {MAX_STEPS_AT_ONCE} steps would start at once")

    def _foreach(self, node: Node, index: Index) -> bool:
        items = evaluate(node.source.items, self._document(node, index))
        items = [] if items is None else items
        if not isinstance(items, list):
            raise Permanent(f"{node.at}.items: {node.source.items!r} gave {type(items).__name__}, not a list")
        if len(items) > node.source.max:
            raise Permanent(f"{node.at}.items: {len(items)} items; this foreach allows {node.source.max}")
        done = []
        for number, item in enumerate(items):
            at = (*index, number)
            self.rows.members[node.key, at] = item
            done.append(self.open(node.children[0], at))
        return self._join(node, index, done, items)

    def _join(self, node: Node, index: Index, done: list[bool], items: list[Any] | None) -> bool:
        if node.kind == "foreach" and len(done) < node.source.min_success:
            raise Permanent(f"{node.at}: {len(done)} items; {node.source.min_success} must succeed")
        arrived = tuple(number for number, is_done in enumerate(done) if is_done)
        if done:
            self.made.joins.append(NewJoin(node, index, len(done), items, arrived))
        if len(arrived) < len(done):
            return False
        # Done at once: what follows in this very opening may ask for its value, and nothing is written down yet.
        self.rows.arrivals[node.key, index] = dict.fromkeys(arrived, True)
        return True

    def _document(self, node: Node, index: Index) -> dict[str, Any]:
        return document(self.program, node, index, self.rows, self.run_input)
