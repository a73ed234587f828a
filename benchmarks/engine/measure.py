"""One round: latency alone, throughput in a burst, processor and memory of the workers."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

from benchmarks.engine.system import System
from tests.services import procfs

_seeds = itertools.count(1)


@dataclass(frozen=True)
class Figures:
    """What a round yields, and what medians over rounds are taken of."""

    p50_ms: float
    p95_ms: float
    runs_per_second: float
    cpu_ms_per_run: float
    pss_mb: float
    watching_ms_per_run: float = 0.0
    """Processor time of who looks on, which is none of the workers'."""

    def over(self, other: Figures) -> Figures:
        """Each figure divided by the other's; 0 where the other has none."""
        pairs = {field.name: (getattr(self, field.name), getattr(other, field.name)) for field in fields(Figures)}
        return Figures(**{name: own / its if its else 0.0 for name, (own, its) in pairs.items()})

    @classmethod
    def median(cls, rounds: list[Figures]) -> Figures:
        """The median of each figure over the rounds."""
        return cls(**{field.name: statistics.median(asdict(figures)[field.name] for figures in rounds) for field in fields(cls)})


def measure(systems: Mapping[str, System], *, sequential: int, burst: int) -> dict[str, Figures]:
    """One round: runs one at a time, the systems taking turns, then every system's burst.

    All are started and warm; the others idle meanwhile. A shared machine's speed drifts within seconds, so what is compared
    is taken as close together as can be.
    """
    latencies: dict[str, list[float]] = {name: [] for name in systems}
    for _ in range(sequential):
        for name, system in systems.items():
            latencies[name].append(_timed(system, next(_seeds)))
    bursts = {name: _burst(system, burst) for name, system in systems.items()}
    return {
        name: Figures(
            p50_ms=statistics.median(taken) * 1000,
            p95_ms=sorted(taken)[min(len(taken) - 1, round(0.95 * len(taken)))] * 1000,
            runs_per_second=burst / bursts[name].seconds,
            cpu_ms_per_run=bursts[name].cpu / burst * 1000,
            pss_mb=procfs.pss_bytes(_families(systems[name].workers())) / 1e6,
            watching_ms_per_run=bursts[name].watching / burst * 1000,
        )
        for name, taken in latencies.items()
    }


def warm_up(system: System, runs: int) -> None:
    """Run some at once, and some one at a time."""
    system.burst([next(_seeds) for _ in range(runs)])
    for _ in range(max(1, runs // 4)):
        system.run_one(next(_seeds))


class _Burst(NamedTuple):
    """Seconds by the clock, and of the processor: of the workers, and of who looks on."""

    seconds: float
    cpu: float
    watching: float


def _burst(system: System, size: int) -> _Burst:
    seeds = [next(_seeds) for _ in range(size)]
    workers, watchers = _families(system.workers()), _families(system.watchers())
    cpu, watching = procfs.cpu_seconds(workers), procfs.cpu_seconds(watchers)
    began = time.perf_counter()
    system.burst(seeds)
    return _Burst(time.perf_counter() - began, procfs.cpu_seconds(workers) - cpu, procfs.cpu_seconds(watchers) - watching)


def _timed(system: System, seed: int) -> float:
    began = time.perf_counter()
    system.run_one(seed)
    return time.perf_counter() - began


def _families(pids: list[int]) -> list[int]:
    return [member for pid in pids for member in procfs.family(pid)]
