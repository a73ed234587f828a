"""One round of one system: latency alone, throughput in a burst, processor and memory of the workers."""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import asdict, dataclass, fields

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

    @classmethod
    def median(cls, rounds: list[Figures]) -> Figures:
        """The median of each figure over the rounds."""
        return cls(**{field.name: statistics.median(asdict(figures)[field.name] for figures in rounds) for field in fields(cls)})


def measure(system: System, *, sequential: int, burst: int, warm_up: int) -> Figures:
    """Start the workers, warm them up, measure, stop them."""
    system.start()
    try:
        system.burst([next(_seeds) for _ in range(warm_up)])
        for _ in range(max(1, warm_up // 4)):
            system.run_one(next(_seeds))

        latencies = sorted(_timed(system, next(_seeds)) for _ in range(sequential))

        seeds = [next(_seeds) for _ in range(burst)]
        cpu = procfs.cpu_seconds(_members(system))
        began = time.perf_counter()
        system.burst(seeds)
        elapsed = time.perf_counter() - began
        members = _members(system)
        cpu = procfs.cpu_seconds(members) - cpu
        return Figures(
            p50_ms=statistics.median(latencies) * 1000,
            p95_ms=latencies[min(len(latencies) - 1, round(0.95 * len(latencies)))] * 1000,
            runs_per_second=burst / elapsed,
            cpu_ms_per_run=cpu / burst * 1000,
            pss_mb=procfs.pss_bytes(members) / 1e6,
        )
    finally:
        system.stop()


def _timed(system: System, seed: int) -> float:
    began = time.perf_counter()
    system.run_one(seed)
    return time.perf_counter() - began


def _members(system: System) -> list[int]:
    return [pid for worker in system.workers() for pid in procfs.family(worker)]
