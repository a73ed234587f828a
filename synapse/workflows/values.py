"""What expressions see: which rows must be fetched for them, and the document made of those rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from synapse.workflows.expressions import evaluate, references
from synapse.workflows.program import Index, Node, Program, decode_index, encode_index, place


@dataclass(frozen=True)
class Fetch:
    """Rows of one node whose index text lies between ``low`` and ``high``, both included."""

    what: Literal["steps", "arrivals", "items"]
    node: str
    low: str
    high: str
    member: int | None = None


@dataclass
class Rows:
    """What was fetched. ``steps`` maps (node, index) to (state, output, error); only finished steps are in it."""

    steps: dict[tuple[str, Index], tuple[str, Any, Any]] = field(default_factory=dict)
    arrivals: dict[tuple[str, Index], dict[int, bool]] = field(default_factory=dict)
    items: dict[tuple[str, Index], Any] = field(default_factory=dict)
    members: dict[tuple[str, Index], Any] = field(default_factory=dict)

    def indexes(self, key: str, prefix: Index) -> list[Index]:
        """The indexes below the prefix at which the node has a row, in order."""
        return sorted(index for node, index in self.steps if node == key and index[: len(prefix)] == prefix)

    def give(self, fetch: Fetch, to: Rows) -> bool:
        """Hand on what the fetch would bring, if it is here for sure: one finished step, or one item."""
        index = decode_index(fetch.low)
        if fetch.what == "steps" and fetch.low == fetch.high and (fetch.node, index) in self.steps:
            to.steps[fetch.node, index] = self.steps[fetch.node, index]
            return True
        if fetch.what == "items" and fetch.member is not None and (fetch.node, (*index, fetch.member)) in self.members:
            to.members[fetch.node, (*index, fetch.member)] = self.members[fetch.node, (*index, fetch.member)]
            return True
        return False


class _Missing:
    """Marks the value of a member that was skipped: it has no place in its fan-out's list."""


MISSING = _Missing()


def previous(node: Node) -> Node | None:
    """The node whose value `prev` is: the one before, or what came before the node's container; None: the run's input."""
    while node.parent is not None:
        if node.parent.kind == "chain" and node.slot > 0:
            return node.parent.children[node.slot - 1]
        node = node.parent
    return None


def expressions_of(node: Node) -> list[str]:
    """The expressions that a node itself evaluates."""
    if node.kind == "step":
        return [value for value in node.source.inputs.values() if isinstance(value, str)]
    if node.kind == "foreach":
        return [node.source.items]
    if node.kind == "wait":
        return [expression for expression in wait_expressions(node).values() if expression is not None]
    return [node.source.when] if node.kind == "when" else []


def wait_expressions(node: Node) -> dict[str, str | None]:
    """The fields of something that is waited for that are, or may be, expressions; None where one is a literal or is not given."""
    fields = ("seconds", "until", "ask", "timeout", "default")
    given = {name: getattr(node.source, name, None) for name in fields}
    return {name: value if isinstance(value, str) else None for name, value in given.items()}


def fetches(program: Program, node: Node, index: Index) -> list[Fetch]:
    """The rows that the node's expressions need when it is at that index."""
    return list(dict.fromkeys(_fetches(program, node, index)))


def _fetches(program: Program, node: Node, index: Index) -> Iterable[Fetch]:
    foreachs = {foreach.source.as_: (depth, foreach) for depth, foreach in enumerate(node.enclosing_foreachs())}
    for expression in expressions_of(node):
        for path in references(expression):
            head = path[0] if path else ""
            if head == "steps" and len(path) > 1 and path[1] in program.nodes:
                yield from value_fetches(program.nodes[path[1]], index)
            elif head == "prev" and (before := previous(node)) is not None:
                yield from value_fetches(before, index)
            elif head == "skipped" and len(path) > 1 and path[1] in program.nodes:
                yield from _skipped_fetches(program.nodes[path[1]], index)
            elif head in foreachs:
                depth, foreach = foreachs[head]
                text = encode_index(index[:depth])
                yield Fetch("items", foreach.key, text, text, index[depth] if depth < len(index) else None)


def value_fetches(node: Node, index: Index) -> Iterable[Fetch]:
    """The rows that hold the node's value at that index (cut to the node's depth)."""
    while node.kind == "chain":
        node = node.children[-1]
    base = index[: node.depth]
    below = _terminals(node)
    for step in (leaf for leaf in below if leaf.is_step):
        yield Fetch("steps", step.key, *_range(base, step.depth))
    # Where every member ends in a step, rows say by themselves who succeeded; where one may end without, its arrival says it.
    # A when also asks which branch was taken, and a fan-out whose members were all dropped has nothing else to show for it.
    if node.kind == "when" or not all(_ends_in_step(child) for child in node.children):
        for fan_out in (leaf for leaf in below if leaf.fans_out):
            yield Fetch("arrivals", fan_out.key, *_range(base, fan_out.depth))


def joined(node: Node, index: Index) -> list[Fetch]:
    """The rows of the steps that ended the members of the fan-out right before the node; none where no fan-out is before it."""
    before = previous(node)
    while before is not None and before.kind == "chain":
        before = before.children[-1]
    if before is None or not before.fans_out:
        return []
    return [fetch for fetch in value_fetches(before, index) if fetch.what == "steps"]


def _skipped_fetches(node: Node, index: Index) -> Iterable[Fetch]:
    base = index[: node.depth]
    for step in _droppers(node):
        yield Fetch("steps", step.key, *_range(base, step.depth))
    if node.kind == "foreach":
        yield Fetch("items", node.key, encode_index(base), encode_index(base))


def _range(base: Index, depth: int) -> tuple[str, str]:
    text = encode_index(base)
    if depth == len(base):
        return text, text
    return (text + ".", text + "/") if text else ("0", ":")  # '/' follows '.', ':' follows '9'


def _terminals(node: Node) -> list[Node]:
    """The nodes whose rows make up this node's value."""
    if node.is_step:
        return [node]
    if node.kind == "chain":
        return _terminals(node.children[-1])
    below = [leaf for child in node.children for leaf in _terminals(child)]
    return [node, *below] if node.fans_out else below


def _ends_in_step(node: Node) -> bool:
    return node.is_step or (node.kind == "chain" and _ends_in_step(node.children[-1]))


def value(node: Node, index: Index, rows: Rows) -> Any:
    """The node's value at that index.

    A step's output, a chain's last value, a group's list with null for a member that was skipped, a foreach's list without the
    members that were skipped, the value of the branch of a when that ran; null where nothing ran.
    """
    index = index[: node.depth]
    if node.is_step:
        state, output, _ = rows.steps.get((node.key, index), ("", None, None))
        return output if state == "succeeded" else MISSING
    if node.kind == "chain":
        return value(node.children[-1], index, rows)
    if node.kind == "when":
        return next((value(child, index, rows) for child in node.children if _ran(child, index, rows)), None)
    if node.kind == "group":
        # A member that was skipped before its end may end in a fan-out, and that has a value of its own: nothing ran, an empty list.
        came = rows.arrivals.get((node.key, index), {})
        return [_json(value(child, index, rows)) if came.get(slot, True) else None for slot, child in enumerate(node.children)]
    found = [value(node.children[0], (*index, number), rows) for number in _members(node, index, rows)]
    return [each for each in found if each is not MISSING]


def _ran(node: Node, index: Index, rows: Rows) -> bool:
    """Whether what makes up the node's value was started: a foreach over nothing was not, nor a branch that was not taken."""
    here = (leaf for leaf in _terminals(node) if leaf.depth == node.depth)
    return any((leaf.key, index) in (rows.arrivals if leaf.fans_out else rows.steps) for leaf in here)


def _members(node: Node, index: Index, rows: Rows) -> list[int]:
    arrivals = rows.arrivals.get((node.key, index))
    if arrivals is not None:
        return sorted(number for number, ok in arrivals.items() if ok)
    numbers = {found[len(index)] for leaf in _terminals(node.children[0]) if leaf.is_step for found in rows.indexes(leaf.key, index)}
    return sorted(numbers)


def skipped(node: Node, index: Index, rows: Rows) -> list[dict[str, Any]]:
    """The members of a fan-out that were dropped, with their step, error and item."""
    base = index[: node.depth]
    items = rows.items.get((node.key, base)) or []
    found = []
    for step in _droppers(node):
        for at in rows.indexes(step.key, base):
            state, _, error = rows.steps[step.key, at]
            if state != "skipped":
                continue
            member = at[len(base)] if node.kind == "foreach" else _slot_below(step, node)
            item = items[member] if node.kind == "foreach" and member < len(items) else None
            found.append({"index": member, "step": place(step.key, at), "error": error, "item": item})
    return sorted(found, key=lambda each: (each["index"], each["step"]))


def _droppers(node: Node) -> Iterable[Node]:
    """The steps whose skipping drops a member of this very fan-out, not of one inside it."""
    return (below for below in node.walk() if below.is_step and (around := below.fan_out()) is not None and around[0] is node)


def _slot_below(step: Node, fan_out: Node) -> int:
    node = step
    while node.parent is not None and node.parent is not fan_out:
        node = node.parent
    return node.slot


def document(program: Program, node: Node, index: Index, rows: Rows, run_input: Mapping[str, Any]) -> dict[str, Any]:
    """What the node's expressions are evaluated on."""
    steps: dict[str, Any] = {}
    dropped: dict[str, Any] = {}
    made: dict[str, Any] = {"input": run_input, "steps": steps, "skipped": dropped}
    for expression in expressions_of(node):
        for path in references(expression):
            if path[:1] == ("steps",) and len(path) > 1 and path[1] in program.nodes:
                steps[path[1]] = _json(value(program.nodes[path[1]], index, rows))
            elif path[:1] == ("skipped",) and len(path) > 1 and path[1] in program.nodes:
                dropped[path[1]] = skipped(program.nodes[path[1]], index, rows)
            elif path[:1] == ("prev",):
                before = previous(node)
                made["prev"] = run_input if before is None else _json(value(before, index, rows))
    for depth, foreach in enumerate(node.enclosing_foreachs()):
        at = index[: depth + 1]
        if (foreach.key, at) in rows.members:
            made[foreach.source.as_] = rows.members[foreach.key, at]
        made["index"] = at[-1] if at else None
    return made


def given(program: Program, node: Node, index: Index, rows: Rows, run_input: Mapping[str, Any]) -> dict[str, Any]:
    """What a step's ``with`` comes to at that index. Raises `synapse.errors.Permanent` when an expression cannot be evaluated."""
    seen = document(program, node, index, rows, run_input)
    return {name: evaluate(value, seen) if isinstance(value, str) else value for name, value in node.source.inputs.items()}


def _json(found: Any) -> Any:
    return None if found is MISSING else found
