"""A compiled workflow: the tree with parents, so that a step knows what its completion leads to.

A *place* is a node and an index: one number for each foreach around it, outermost first. It is written
``read[2]`` or ``read[2][0]`` for people, and stored as node ``read`` with index text ``00002.00000``, which
sorts as the numbers do.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from synapse.contracts.agent import queue_of
from synapse.contracts.workflow import Approval, Chain, Chord, Foreach, Group, Step, Timer, WaitFor, When, Workflow
from synapse.errors import InvalidInput, InvalidWorkflow

Index = tuple[int, ...]
Kind = Literal["step", "wait", "chain", "group", "foreach", "when"]

_PLACE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)((?:\[[0-9]{1,5}\])*)")
_DIGITS = 5


@dataclass(eq=False)
class Node:
    """One node of the tree; ``key`` names it within the workflow, ``at`` is its path in the definition."""

    kind: Kind
    key: str
    at: str
    source: Any
    parent: Node | None = None
    slot: int = 0
    depth: int = 0
    children: list[Node] = field(default_factory=list)

    @property
    def is_step(self) -> bool:
        """Whether it has a row and an output of its own: an agent's work, or something that is waited for."""
        return self.kind in ("step", "wait")

    @property
    def signal(self) -> str | None:
        """The name of the signal that it waits for."""
        return (self.source.signal or self.key) if isinstance(self.source, WaitFor | Approval) else None

    @property
    def fans_out(self) -> bool:
        """Whether its members run side by side and meet at a join."""
        return self.kind in ("group", "foreach")

    def walk(self) -> Iterator[Node]:
        """The node and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def fan_out(self) -> tuple[Node, int] | None:
        """The nearest fan-out around this node, and the slot of the member that holds it."""
        node: Node = self
        while node.parent is not None:
            if node.parent.fans_out:
                return node.parent, node.slot
            node = node.parent
        return None

    def enclosing_foreachs(self) -> list[Node]:
        """The foreachs around this node, outermost first: one for each number of its index."""
        found, node = [], self.parent
        while node is not None:
            if node.kind == "foreach":
                found.append(node)
            node = node.parent
        return found[::-1]


@dataclass(frozen=True, eq=False)
class Program:
    """A workflow ready to run; ``digest`` is the sha256 of its canonical text."""

    workflow: Workflow
    digest: str
    root: Node
    nodes: dict[str, Node]

    def step(self, key: str) -> Step:
        """The step of that id. Raises InvalidInput when the program has none."""
        node = self.nodes.get(key)
        if node is None or node.kind != "step":
            raise InvalidInput(f"workflow {self.workflow.name!r} has no step {key!r}")
        source: Step = node.source
        return source

    def waiting_for(self, signal: str) -> list[Node]:
        """The nodes that wait for the signal of that name, in the order written."""
        return [node for node in self.root.walk() if node.signal == signal]

    def queue(self, key: str) -> str:
        """The queue that serves the step."""
        return queue_of(self.step(key).agent)


def digest_of(workflow: Workflow) -> str:
    """sha256 of the definition, equal for equal definitions however they were written.

    PostgreSQL gives objects back with their keys in another order and 1e22 as an integer: neither may make another workflow of it.
    """
    canonical = json.dumps(_canonical(workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(under) for key, under in value.items()}
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def build(workflow: Workflow) -> Program:
    """Take the tree apart. Raises InvalidWorkflow when two nodes have one id."""
    nodes: dict[str, Node] = {}
    root = _Builder(nodes).node(workflow.do, "do", None, 0, 0)
    return Program(workflow=workflow, digest=digest_of(workflow), root=root, nodes=nodes)


class _Builder:
    def __init__(self, nodes: dict[str, Node]) -> None:
        self.nodes = nodes

    def node(self, source: Any, at: str, parent: Node | None, slot: int, depth: int) -> Node:
        match source:
            case Step():
                return self._add("step", source.step, at, source, parent, slot, depth)
            case Timer():
                return self._add("wait", source.timer, at, source, parent, slot, depth)
            case WaitFor():
                return self._add("wait", source.wait_for, at, source, parent, slot, depth)
            case Approval():
                return self._add("wait", source.approval, at, source, parent, slot, depth)
            case Chain():
                node = self._add("chain", self._unnamed("chain"), at, source, parent, slot, depth)
                node.children = [self.node(child, f"{at}.chain[{i}]", node, i, depth) for i, child in enumerate(source.chain)]
            case Group():
                node = self._add("group", source.id or self._unnamed("group"), at, source, parent, slot, depth)
                node.children = [self.node(child, f"{at}.group[{i}]", node, i, depth) for i, child in enumerate(source.group)]
            case Chord():  # a chord is a chain of the fan-out and the body; the join is the fan-out's own
                node = self._add("chain", self._unnamed("chord"), at, source, parent, slot, depth)
                node.children = [
                    self.node(source.chord, f"{at}.chord", node, 0, depth),
                    self.node(source.body, f"{at}.body", node, 1, depth),
                ]
            case Foreach():
                node = self._add("foreach", source.foreach, at, source, parent, slot, depth)
                node.children = [self.node(source.do, f"{at}.do", node, 0, depth + 1)]
            case When():
                node = self._add("when", self._unnamed("when"), at, source, parent, slot, depth)
                node.children = [self.node(source.then, f"{at}.then", node, 0, depth)]
                if source.otherwise is not None:
                    node.children.append(self.node(source.otherwise, f"{at}.otherwise", node, 1, depth))
            case _:
                raise InvalidWorkflow(f"unknown node {type(source).__name__}", field=at)
        return node

    def _add(self, kind: Kind, key: str, at: str, source: Any, parent: Node | None, slot: int, depth: int) -> Node:
        if key in self.nodes:
            raise InvalidWorkflow(f"{key!r} is already the id of {self.nodes[key].at}", field=at, remedy="ids are unique in a workflow")
        node = self.nodes[key] = Node(kind=kind, key=key, at=at, source=source, parent=parent, slot=slot, depth=depth)
        return node

    def _unnamed(self, kind: str) -> str:
        # A colon cannot occur in an identifier, so an invented key never meets a written one.
        return f"{kind}:{len(self.nodes)}"


def encode_index(index: Index) -> str:
    """The index as text whose order is the numbers' order."""
    return ".".join(f"{number:0{_DIGITS}d}" for number in index)


def decode_index(text: str) -> Index:
    """The index that `encode_index` wrote."""
    return tuple(int(part) for part in text.split(".")) if text else ()


def place(key: str, index: Index) -> str:
    """How a person reads it: ``read[2]``."""
    return key + "".join(f"[{number}]" for number in index)


def parse_place(text: str) -> tuple[str, Index]:
    """The node key and index of ``read[2]``. Raises InvalidInput."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise InvalidInput(f"{text!r} is not a step's place", remedy="write it as read or read[2]")
    return match[1], tuple(int(number) for number in re.findall(r"\d+", match[2]))
