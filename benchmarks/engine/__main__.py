"""The driver: rounds over all systems, medians, ratios to one of them: to stock Celery, or to the first where that is not measured."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.engine.measure import Figures, measure, warm_up
from benchmarks.engine.system import Servers, System, load, needs_redis
from tests.services import Postgres, RabbitMQ, Redis

USUAL = "stock_celery"


def main() -> None:
    """Measure, and print a table or JSON. Nothing passes or fails here."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--systems", default="stock_celery,dbos,synapse", help="comma-separated modules of benchmarks/engine/systems")
    parser.add_argument("--reference", help="the system that the others are compared with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--burst", type=int, default=200, help="runs submitted at once")
    parser.add_argument("--sequential", type=int, default=40, help="runs one after the other")
    parser.add_argument("--warm-up", type=int, default=20, help="runs before the first round")
    parser.add_argument("--json", action="store_true", help="print figures of every round instead of a table")
    asked = parser.parse_args()
    names = asked.systems.split(",")
    reference = reference_of(names, asked.reference)

    figures: dict[str, list[Figures]] = {name: [] for name in names}
    with _systems(names, asked.warm_up) as systems:
        disk = _fsync_ms()
        for turn in range(asked.rounds):
            for name, taken in measure(systems, sequential=asked.sequential, burst=asked.burst).items():
                figures[name].append(taken)
                print(f"round {turn + 1} {name}: {_cells(taken)}", file=sys.stderr, flush=True)
        labels = {name: system.label for name, system in systems.items()}

    medians = {name: Figures.median(rounds) for name, rounds in figures.items()}
    # Of each round's own ratio: its figures were taken within a minute, those of two rounds were not.
    against = {
        name: Figures.median([one.over(other) for one, other in zip(rounds, figures[reference], strict=True)])
        for name, rounds in figures.items()
        if reference is not None
    }
    if asked.json:
        rounds = {name: [asdict(one) for one in taken] for name, taken in figures.items()}
        machine = {"cores": os.cpu_count(), "fsync_ms": disk, "load": os.getloadavg()[0]}
        result = {
            "machine": machine,
            "asked": vars(asked),
            "rounds": rounds,
            "medians": {name: asdict(one) for name, one in medians.items()},
            "against": {name: asdict(one) for name, one in against.items()},
        }
        print(json.dumps(result, indent=2))
    else:
        _table(medians, against, labels, disk, reference)


def reference_of(names: list[str], asked: str | None) -> str | None:
    """Whom the systems are compared with; None where there is nothing to compare. Raises SystemExit when it is not among them."""
    if asked is not None and asked not in names:
        raise SystemExit(f"the reference {asked} is none of {', '.join(names)}")
    return asked or (USUAL if USUAL in names else names[0] if len(names) > 1 else None)


@contextmanager
def _systems(names: list[str], warm_up_runs: int) -> Iterator[dict[str, System]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="synapse-benchmark-")))
        redis = stack.enter_context(Redis()) if any(needs_redis(name) for name in names) else None
        servers = Servers(stack.enter_context(Postgres()), stack.enter_context(RabbitMQ()), redis)
        systems = {}
        for name in names:
            systems[name] = load(name, servers, folder)
            stack.callback(systems[name].close)
            stack.callback(systems[name].stop)
            systems[name].start()
            warm_up(systems[name], warm_up_runs)
        yield systems


def _fsync_ms() -> float:
    """How long this disk takes to keep a page: figures of two machines compare only with this beside them."""
    taken = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(50):
            file.write(b"x" * 8192)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _cells(figures: Figures) -> str:
    return (
        f"p50 {figures.p50_ms:.1f} ms, p95 {figures.p95_ms:.1f} ms, {figures.runs_per_second:.1f} runs/s, "
        f"{figures.cpu_ms_per_run:.1f} CPU ms a run, {figures.pss_mb:.0f} MB" + _watching(figures)
    )


def _watching(figures: Figures) -> str:
    return f"; {figures.watching_ms_per_run:.1f} CPU ms a run of who watches" if figures.watching_ms_per_run else ""


def _table(medians: dict[str, Figures], against: dict[str, Figures], labels: dict[str, str], disk: float, reference: str | None) -> None:
    print(f"\n{os.cpu_count()} cores, fsync {disk:.2f} ms, load {os.getloadavg()[0]:.1f}; medians over rounds")
    wide = max(14, *(len(name) + 2 for name in medians))
    head = f"{'':{wide}}{'p50 ms':>9}{'p95 ms':>9}{'runs/s':>9}{'CPU ms':>9}{'PSS MB':>9}"
    print(head + (f"   {'latency':>8}{'runs/s':>8}{'CPU':>7}   against {reference} in the same round" if against else ""))
    for name, one in medians.items():
        line = f"{name:{wide}}{one.p50_ms:9.1f}{one.p95_ms:9.1f}{one.runs_per_second:9.1f}{one.cpu_ms_per_run:9.1f}{one.pss_mb:9.0f}"
        if ratio := against.get(name):
            line += f"   {ratio.p50_ms:7.2f}×{ratio.runs_per_second:7.2f}×{ratio.cpu_ms_per_run:6.2f}×"
        print(f"{line}   {labels[name]}{_watching(one)}")


if __name__ == "__main__":
    main()
