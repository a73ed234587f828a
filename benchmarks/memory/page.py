"""docs/reference/memory.md, from the weights of the last measurement."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.memory.weigh import KINDS, Kind, Weight, slope

MEASURED = Path(__file__).with_name("measured.json")
SKIP = 1_000
"""Tasks in which a worker fills its caches: the slope is of those after them."""
_KEPT = 100

_TEXT = """# What a worker needs in memory

`make bench-memory` gives one worker of each kind tasks for as long as it takes, over private RabbitMQ, PostgreSQL and MCP servers, and
weighs it after each run: PSS, which counts a page that processes share once among them, of all processes of the worker. A worker is
started by `celery -A`, as in the composition and the chart, with the options that the table names. First is after its first run, last
after its last. The slope is the line of least squares through all weights after the first {skip:,} tasks, in which it fills its caches.

"""
_AFTER = """
- A plain task goes through an agent that does nothing, 100 of them a run; one with a tool call asks the primary MCP server for sources. Of
  the seven agents those tasks count that whole research runs have, over a folder of 97 pages.
- The first tool call loads MCP's SDK. In a prefork pool each process of the pool does so for itself.
- `synapse worker` is the same worker, with the same options, and {less} MB smaller when it has just started ({lean} MB for {celery} MB):
  the `celery` program loads all commands that there are, with an interactive shell and Flower's web server, and keeps them.
"""


def table(figures: Mapping[str, Any]) -> str:
    """The table alone, in Markdown."""
    lines = [
        f"| worker | pool | processes | tasks | first | after {SKIP:,} | last | highest | KB for 1,000 tasks |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    known = [(kind, figures["kinds"][kind.name]) for kind in KINDS if kind.name in figures["kinds"]]
    lines += [row(kind, one["processes"], [Weight(*each) for each in one["weights"]]) for kind, one in known]
    return "\n".join(lines) + "\n"


def row(kind: Kind, processes: int, weights: Sequence[Weight]) -> str:
    """One kind's line of the table."""
    settled = [each for each in weights if each.tasks > SKIP] or weights
    highest = max(each.megabytes for each in weights)
    megabytes = [f"{each:.1f} MB" for each in (weights[0].megabytes, settled[0].megabytes, settled[-1].megabytes, highest)]
    options = " ".join(kind.pool)
    return f"| {kind.name} | `{options}` | {processes} | {settled[-1].tasks:,} | {' | '.join(megabytes)} | {slope(weights, SKIP):+.0f} |"


def read() -> dict[str, Any]:
    """The figures that are kept."""
    return json.loads(MEASURED.read_text("utf-8")) if MEASURED.exists() else {"kinds": {}, "started": {}}


def keep(kinds: Mapping[str, Any], started: Mapping[str, float] | None = None) -> None:
    """Keep these figures, with those of the other kinds, and what they were measured on."""
    known = read()
    both = {"machine": machine(), "kinds": {**known["kinds"], **kinds}, "started": {**known["started"], **(started or {})}}
    MEASURED.write_text(json.dumps(both) + "\n", "utf-8")


def page(figures: Mapping[str, Any] | None = None) -> str:
    """The page, in Markdown; by default of the figures that are kept."""
    figures = read() if figures is None else figures
    celery, lean = figures["started"]["celery -A synapse worker"], figures["started"]["synapse worker"]
    minutes = sum(each["minutes"] for each in figures["kinds"].values())
    command = f"`python -m benchmarks.memory`, on {figures['machine']}, in {minutes:.0f} minutes:\n\n"
    after = _AFTER.format(less=f"{celery - lean:.0f}", celery=f"{celery:.0f}", lean=f"{lean:.0f}")
    missing = "; ".join(kind.name for kind in KINDS if kind.name not in figures["kinds"])
    return _TEXT.format(skip=SKIP) + command + table(figures) + after + (f"- Not measured yet: {missing}.\n" if missing else "")


def machine() -> str:
    """What it was measured on, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return f"{os.cpu_count()} cores with {memory:.0f} GiB that others use as well, {system}, Python {platform.python_version()}"


def thinned(weights: Sequence[Weight]) -> list[tuple[int, float]]:
    """At most so many of them that they can be kept, the first and the last among them."""
    step = max(1, -(-len(weights) // _KEPT))
    kept = [*weights[:-1:step], *weights[-1:]]
    return [(each.tasks, round(each.megabytes, 2)) for each in kept]
