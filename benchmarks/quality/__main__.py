"""The driver: the sets one after the other, a table of each or JSON."""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Mapping

SETS = ("extraction", "wice", "grounding", "cranfield")


def main() -> None:
    """Measure, and print. Nothing passes or fails here; what is below its floor is marked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description="How good the results are, beside plain tools.")
    parser.add_argument("--sets", default=",".join(SETS), help="comma-separated modules of benchmarks/quality")
    parser.add_argument("--json", action="store_true", help="print the figures and floors as JSON instead of tables")
    asked = parser.parse_args()
    names = asked.sets.split(",")
    if unknown := sorted(set(names) - set(SETS)):
        parser.error(f"no such set: {', '.join(unknown)}; there are {', '.join(SETS)}")

    figures, floors = {}, {}
    for name in names:
        module = importlib.import_module(f"benchmarks.quality.{name}")
        try:
            figures[name], floors[name] = module.measure(), module.FLOOR
        except FileNotFoundError as error:
            parser.error(str(error))
        if not asked.json:
            _table(name, figures[name], floors[name])
    if asked.json:
        print(json.dumps({name: {"figures": figures[name], "floor": floors[name]} for name in names}, indent=2))


def _table(name: str, figures: Mapping[str, Mapping[str, float]], floor: Mapping[str, float]) -> None:
    heads = list(next(iter(figures.values())))
    print(f"\n{name:22}" + "".join(f"{head:>13}" for head in heads))
    for system, values in figures.items():
        print(f"{system:22}" + "".join(_cell(head, values[head]) for head in heads))
    ours = next(iter(figures.values()))
    marks = (f"{floor[head]:.3f}{' !' if ours[head] < floor[head] else ''}" if head in floor else "" for head in heads)
    print(f"{'floor':22}" + "".join(f"{mark:>13}" for mark in marks))


def _cell(head: str, value: float) -> str:
    return f"{value:13.1f}" if head == "ms" else f"{value:13.3f}"


if __name__ == "__main__":
    main()
