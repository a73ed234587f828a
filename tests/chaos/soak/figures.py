"""How long things took and how often they happened, from events and from what the workers counted."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry, multiprocess

from synapse.state.database import Database

COUNTERS = {
    "duplicates suppressed": "synapse_hints_suppressed",
    "stale results fenced": "synapse_results_fenced",
    "hints republished": "synapse_hints_republished",
    "leases expired": "synapse_leases_expired",
    "timers fired": "synapse_timers_fired",
}
_RECORDED = "SELECT at FROM event WHERE name IN ('step.succeeded', 'step.skipped') ORDER BY at"
# An attempt that was neither recorded nor ended in an error lost its worker: how long until another one began.
_TAKEN_UP = """SELECT later.at, began.at FROM event began
JOIN event later ON later.run = began.run AND later.step = began.step AND later.name = 'step.started' AND later.attempt = began.attempt + 1
WHERE began.name = 'step.started' AND NOT EXISTS (SELECT 1 FROM event ended
 WHERE ended.run = began.run AND ended.step = began.step AND ended.attempt = began.attempt AND ended.name = 'step.retrying')"""


@dataclass
class Result:
    """What a soak came to."""

    seed: int
    faults: list[str] = field(default_factory=list)
    counts: dict[str, object] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)
    """Seconds, by what was waited for."""

    def text(self) -> str:
        """For people."""
        lines = [f"seed {self.seed}", *(f"{name}: {value}" for name, value in self.counts.items())]
        lines += [f"{name}: {_quantiles(values)}" for name, values in self.times.items() if values]
        return "\n".join([*lines, *(f"FAULT: {fault}" for fault in self.faults[:50]), self._verdict()])

    def _verdict(self) -> str:
        if self.faults:
            return f"{len(self.faults)} faults"
        return "no fault: every run succeeded, none was lost, nothing was recorded, joined or saved twice"


def _quantiles(values: Sequence[float]) -> str:
    ordered = sorted(values)
    at = [ordered[min(len(ordered) - 1, int(part * len(ordered)))] for part in (0.5, 0.95)]
    return f"p50 {at[0]:.2f} s, p95 {at[1]:.2f} s, max {ordered[-1]:.2f} s ({len(ordered)} times)"


def counted(folder: Path) -> dict[str, object]:
    """What all workers counted, of those too that were killed: they count into files of that folder."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    totals = {metric.name: sum(sample.value for sample in metric.samples) for metric in registry.collect() if metric.type == "counter"}
    return {said: int(totals.get(name, 0)) for said, name in COUNTERS.items()}


def recoveries(database: Database, blows: Iterable[tuple[str, float]]) -> dict[str, list[float]]:
    """Seconds from each blow to the next step that was recorded, by the kind of blow and for all of them."""
    recorded = [at.timestamp() for (at,) in database.driver.rows(_RECORDED, {})]
    found: dict[str, list[float]] = {"from a blow to the next recorded step": []}
    for name, at in sorted(blows):
        place = bisect.bisect_right(recorded, at)
        if place < len(recorded):
            for key in ("from a blow to the next recorded step", f"  {name}"):
                found.setdefault(key, []).append(recorded[place] - at)
    return found


def interrupted(database: Database) -> list[float]:
    """Seconds from the beginning of an attempt that lost its worker to the beginning of the next."""
    return [(later - began).total_seconds() for later, began in database.driver.rows(_TAKEN_UP, {})]


def states(database: Database) -> Mapping[str, int]:
    """How many runs of which workflow ended how."""
    rows = database.driver.rows("SELECT workflow, state, count(*) FROM run GROUP BY workflow, state ORDER BY workflow, state", {})
    return {f"{workflow} {state}": count for workflow, state, count in rows}
