"""The work itself: 16 steps that do nothing but pass 1 KB on. Every system runs these very functions."""

from __future__ import annotations

from typing import Any

Result = dict[str, Any]

STEPS = 16
_FIRST_WIDTH = 4
_PER_MEMBER = 2
_PAD = "x" * 1000  # with its key and the quotes, 1 KB of JSON


def plan(seed: int) -> Result:
    """Step 1. Its result says how wide the first fan-out is."""
    return {"items": [seed * 10 + i for i in range(_FIRST_WIDTH)], "pad": _PAD}


def search(item: int) -> Result:
    """Steps 2 to 5. Together their results say how wide the second fan-out is."""
    return {"items": [item * 10 + i for i in range(_PER_MEMBER)], "pad": _PAD}


def read(item: int) -> Result:
    """Steps 6 to 13."""
    return {"item": item, "pad": _PAD}


def check(results: list[Result]) -> Result:
    """Step 14: sees everything that was read."""
    return {"seen": sorted(result["item"] for result in results), "pad": _PAD}


def write(result: Result) -> Result:
    """Step 15."""
    return {"seen": result["seen"], "pad": _PAD}


def save(result: Result) -> Result:
    """Step 16."""
    return {"seen": result["seen"], "pad": _PAD}


def searches(planned: Result) -> list[int]:
    """Inputs of the first fan-out."""
    return list(planned["items"])


def reads(found: list[Result]) -> list[int]:
    """Inputs of the second fan-out."""
    return [item for result in found for item in result["items"]]


def verify(seed: int, result: Result) -> None:
    """Raise unless this is what the last step of a run with this seed returns: a quick wrong answer is no answer."""
    expected = sorted(item for first in searches(plan(seed)) for item in search(first)["items"])
    if result.get("seen") != expected or len(result.get("pad", "")) != len(_PAD):
        raise AssertionError(f"run {seed} ended with {result}")
