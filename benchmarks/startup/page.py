"""docs/reference/startup.md, from the figures of the last measurement."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).with_name("measured.json")


def page(figures: Mapping[str, Any] | None = None) -> str:
    """The page, in Markdown; by default of the figures that are kept."""
    figures = json.loads(MEASURED.read_text("utf-8")) if figures is None else figures
    rounds = figures["rounds"]
    built = "on stand-ins from Debian's packages (`scripts/stand-in-images`)" if figures["stand_ins"] else "on the public images"
    text = (
        "# How long the composition takes to start\n\n"
        f"`make bench-startup` starts the profile `core` {figures['tried']} times from nothing but its images, {built}, on "
        f"{figures['cores']} cores that others use as well: new volumes, migration, a corpus to index, one question over the published "
        f"port, and the end of it all. {len(rounds)} of {figures['tried']} rounds did all of that.\n\n"
    )
    text += "| what | median | most |\n| --- | --- | --- |\n"
    for name, said in (("healthy", "every service healthy"), ("answered", "index, question, report"), ("gone", "down again")):
        values = [each[name] for each in rounds]
        text += f"| {said} | {statistics.median(values):.1f} s | {max(values):.1f} s |\n"
    text += (
        "\nA service waits for those that it depends on, and is started then; from there on it takes the time of the last column. A health "
        "check asks every 5 seconds, so that no time is finer than that.\n\n"
        "| service | waited, median | started in, median | most |\n| --- | --- | --- | --- |\n"
    )
    for name in sorted(rounds[0]["services"], key=lambda name: _median(rounds, name, 0)):
        most = max(each["services"][name][1] for each in rounds)
        text += f"| `{name}` | {_median(rounds, name, 0):.1f} s | {_median(rounds, name, 1):.1f} s | {most:.1f} s |\n"
    text += "\n| image | megabytes |\n| --- | --- |\n"
    for name, size in figures["sizes"].items():
        text += f"| `{name}` | {size} |\n"
    return text + "\nLayers that images share are on the disk once: those of Synapse share all but the last.\n"


def _median(rounds: list[dict[str, Any]], service: str, column: int) -> float:
    return float(statistics.median(each["services"][service][column] for each in rounds))
