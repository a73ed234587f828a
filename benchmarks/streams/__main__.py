"""The API under many readers of live events and a steady stream of submissions.

1 when an event was lost or came twice, or a submission was refused; no figure of time or memory passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.latency.measure import percentile
from benchmarks.streams.house import House
from benchmarks.streams.load import Driver, Load, Taken
from tests.services import Postgres, RabbitMQ, procfs

_WEIGH_EVERY: Final = 2.0
_FIRST: Final = Load(readers=2, submits=2.0, seconds=1.0, cut=0.0)


def main() -> int:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    parser.add_argument("--readers", type=int, default=200, help="streams of events that are open at once")
    parser.add_argument("--submits", type=float, default=50.0, help="runs a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="of submitting")
    parser.add_argument("--cut", type=float, default=0.3, help="share of connections that are dropped in the middle and come back")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="synapse-streams-")))
        postgres, rabbitmq = stack.enter_context(Postgres()), stack.enter_context(RabbitMQ())
        house = stack.enter_context(House(postgres.create_database(), rabbitmq.create_vhost(), folder))
        load = Load(given.readers, given.submits, given.seconds, given.cut)
        # What the first request loads is no latency of the others.
        asyncio.run(Driver(house, _FIRST).run())
        cpu = procfs.cpu_seconds(house.api_pids)
        with _weighed(house) as weights:
            taken = asyncio.run(Driver(house, load).run())
        cpu = procfs.cpu_seconds(house.api_pids) - cpu
    _show(load, taken, weights, cpu)
    tally = taken.tally
    return 1 if tally.lost or tally.twice or taken.refused or tally.statuses else 0


@contextlib.contextmanager
def _weighed(house: House) -> Iterator[list[float]]:
    """Megabytes of the API's memory, again and again."""
    ended, weights = threading.Event(), list[float]()

    def weigh() -> None:
        while not ended.wait(_WEIGH_EVERY):
            weights.append(procfs.pss_bytes(house.api_pids) / 1e6)

    weights.append(procfs.pss_bytes(house.api_pids) / 1e6)
    thread = threading.Thread(target=weigh, daemon=True)
    thread.start()
    try:
        yield weights
    finally:
        ended.set()
        thread.join()


def _show(load: Load, taken: Taken, weights: Sequence[float], cpu: float) -> None:
    tally = taken.tally
    print(f"{load.readers} readers, {load.submits:g} submissions a second for {load.seconds:g} s, {load.cut:.0%} of connections cut")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; the clients, a worker, PostgreSQL and RabbitMQ on the same machine\n")
    print(f"{'':28}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'max ms':>9}{'of':>9}")
    for what, seconds in (("POST /v1/runs", taken.submits), ("event to reader", tally.latencies)):
        told = [percentile(seconds, share) for share in (0.5, 0.95, 0.99)] if seconds else []
        cells = "".join(f"{value * 1000:9.1f}" for value in (*told, max(seconds, default=0.0)))
        print(f"{what:28}{cells}{len(seconds):9}")
    print(f"\nAPI: {weights[0]:.0f} MB at first, {max(weights):.0f} MB at most, {weights[-1]:.0f} MB at last (PSS); {cpu:.1f} s of CPU")
    print(f"streams: {tally.runs} runs read over {tally.connections} connections, {tally.cut} of them cut, {tally.refused} broken")
    print(f"events: {tally.events} received, {tally.lost} lost, {tally.twice} twice")
    if taken.refused or tally.statuses:
        print(f"refused: {taken.refused} submissions; streams answered with {dict(tally.statuses)}")


if __name__ == "__main__":
    sys.exit(main())
