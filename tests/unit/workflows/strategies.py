"""Random workflows for Hypothesis: every kind of node, with ids that are unique and expressions that always evaluate.

Widths, flags and skips are decided while running by `Fate`, a function of the place alone, so that whoever runs a tree
in whatever order meets the same fate.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from synapse.contracts.workflow import Approval, Chain, Chord, Foreach, Group, Retry, Step, Timer, Wait, WaitFor, When, Workflow

# Each evaluates on whatever is there: a field of something that is no object is null, and null is an empty list.
_LISTS = ("input.items", "prev.items", "prev[]", "prev[].items[]", "[prev.items, input.items][]", "input.nothing", "prev.payload.items")
_FLAGS = ("prev.flag", "input.flag", "!(prev.flag)", "prev", "!(input.flag)", "prev[]", "prev[0]", "prev.approved")


@dataclass(frozen=True)
class Fate:
    """What becomes of a step at a place."""

    seed: int

    def _number(self, place: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.seed}:{place}".encode()).digest()[:4], "big")

    def output(self, place: str, seen: Any) -> dict[str, Any]:
        """Its output: up to three items, a flag, and a digest of what it saw, so that a wrong `prev` shows in the end."""
        number = self._number(place)
        mark = hashlib.sha256(repr(seen).encode()).hexdigest()[:8]
        return {"at": place, "items": [f"{place}/{i}" for i in range(number % 4)], "flag": number % 5 > 1, "saw": mark}

    def skips(self, place: str) -> bool:
        """Whether it fails, where it may."""
        return self._number(place) % 7 == 0

    def input(self) -> dict[str, Any]:
        """The run's input."""
        return {"items": list(range(self.seed % 4)), "flag": self.seed % 3 > 0}


class _Names:
    """Ids in the order they are asked for."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self, kind: str) -> str:
        self.given += 1
        return f"{kind}{self.given}"


@st.composite
def trees(draw: st.DrawFn, *, depth: int = 3, min_success: bool = True) -> Any:
    """A random tree; at most ``depth`` containers inside one another."""
    return _node(draw, _Names(), depth, min_success)


def _node(draw: st.DrawFn, name: _Names, depth: int, least: bool) -> Any:
    kind = draw(st.sampled_from(["step", "chain", "group", "chord", "foreach", "when", "wait"] if depth else ["step", "step", "wait"]))
    if kind == "step":
        return Step(
            step=name("s"), agent="echo", inputs={"seen": "prev"}, on_error=draw(st.sampled_from(["fail", "skip"])), retry=draw(_RETRIES)
        )
    if kind == "wait":
        return _wait(draw, name)
    if kind == "chain":
        return Chain(chain=[_node(draw, name, depth - 1, least) for _ in range(draw(st.integers(1, 3)))])
    if kind == "group":
        return _group(draw, name, depth, least)
    if kind == "foreach":
        return _foreach(draw, name, depth, least)
    if kind == "chord":
        fan_out = _group(draw, name, depth, least) if draw(st.booleans()) else _foreach(draw, name, depth, least)
        return Chord(chord=fan_out, body=_node(draw, name, depth - 1, least))
    otherwise = _node(draw, name, depth - 1, least) if draw(st.booleans()) else None
    return When(when=draw(st.sampled_from(_FLAGS)), then=_node(draw, name, depth - 1, least), otherwise=otherwise)


def _wait(draw: st.DrawFn, name: _Names) -> Wait:
    kind = draw(st.sampled_from(["timer", "wait_for", "approval"]))
    if kind == "timer":
        return draw(st.sampled_from([Timer(timer=(key := name("t")), seconds=3600), Timer(timer=key, until="'2100-01-01T00:00:00Z'")]))
    fields: dict[str, Any] = {"ask": draw(st.sampled_from([None, "to_string(prev)", "'go on?'"])), "timeout": draw(_LIMITS)}
    if kind == "wait_for":
        ends = draw(st.sampled_from(["fail", "skip", "default"])) if fields["timeout"] is not None else "fail"
        default = draw(st.sampled_from(["prev", {"items": [1, 2], "flag": True}])) if ends == "default" else None
        return WaitFor(wait_for=name("w"), on_timeout=ends, default=default, **fields)
    ends = draw(st.sampled_from(["fail", "skip", "reject"])) if fields["timeout"] is not None else "fail"
    return Approval(approval=name("a"), on_timeout=ends, on_reject=draw(st.sampled_from(["fail", "skip", "continue"])), **fields)


_LIMITS = st.sampled_from([None, 3600.0, "`7200`"])
_RETRIES = st.none() | st.builds(Retry, attempts=st.integers(1, 5), on=st.none() | st.just(("transient", "timeout")))


def _group(draw: st.DrawFn, name: _Names, depth: int, least: bool) -> Group:
    members = [_node(draw, name, depth - 1, least) for _ in range(draw(st.integers(1, 3)))]
    return Group(group=members, id=name("g") if draw(st.booleans()) else None)


def _foreach(draw: st.DrawFn, name: _Names, depth: int, least: bool) -> Foreach:
    key = name("f")
    return Foreach(
        foreach=key,
        items=draw(st.sampled_from(_LISTS)),
        do=_node(draw, name, depth - 1, least),
        as_=f"{key}_item",
        max=draw(st.sampled_from([6, 100])),
        min_success=draw(st.sampled_from([0, 0, 0, 1])) if least else 0,
    )


@st.composite
def workflows(draw: st.DrawFn, *, depth: int = 3, min_success: bool = True) -> Workflow:
    """A random workflow."""
    return Workflow(
        name=draw(st.sampled_from(["tides", "two-words", "x1"])),
        version=draw(st.integers(1, 3)),
        description=draw(st.text(st.characters(codec="utf-8"), max_size=20)),
        do=draw(trees(depth=depth, min_success=min_success)),
    )
