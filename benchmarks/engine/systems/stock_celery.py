"""Stock Celery with prefork workers and results in Redis.

Task events are off and Redis keeps nothing on disk, both in its favour.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.engine import shape
from benchmarks.engine.system import Servers
from benchmarks.engine.workers import Workers
from benchmarks.engine.workloads import stock_celery

NEEDS_REDIS = True
_PATIENCE = 120


class System:
    """`celery worker -P prefork -c 2`."""

    label = "prefork -c 2, Redis results"

    def __init__(self, servers: Servers, folder: Path) -> None:
        if servers.redis is None:
            raise ValueError("results need Redis")
        self._env = {"BENCHMARK_BROKER": servers.rabbitmq.create_vhost(), "BENCHMARK_RESULTS": servers.redis.url}
        stock_celery.app.conf.update(broker_url=self._env["BENCHMARK_BROKER"], result_backend=self._env["BENCHMARK_RESULTS"])
        self._workers = Workers(folder, "stock_celery")

    def start(self) -> None:
        """Start one worker with two children."""
        options = ["-P", "prefork", "-c", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        self._workers.start([["-m", "celery", "-A", stock_celery.__name__, "worker", *options]], self._env, ready="takes work")

    def run_one(self, seed: int) -> None:
        """Submit and wait; the result is pushed by Redis."""
        shape.verify(seed, stock_celery.plan.apply_async((seed,)).get(timeout=_PATIENCE))

    def burst(self, seeds: Sequence[int]) -> None:
        """Submit all, then wait for each."""
        for seed, result in [(seed, stock_celery.plan.apply_async((seed,))) for seed in seeds]:
            shape.verify(seed, result.get(timeout=_PATIENCE))

    def workers(self) -> list[int]:
        """The parent; its children are its descendants."""
        return self._workers.pids

    def watchers(self) -> list[int]:
        """Nobody watches."""
        return []

    def stop(self) -> None:
        """Warm shutdown."""
        self._workers.stop()

    def close(self) -> None:
        """Close the client's connections."""
        stock_celery.app.close()
