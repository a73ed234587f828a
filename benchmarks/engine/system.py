"""What is measured, as the driver sees it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.services import Postgres, RabbitMQ, Redis

MODULES = "benchmarks.engine.systems"


@dataclass(frozen=True)
class Servers:
    """Private servers that all systems of one benchmark share, each system in a database and virtual host of its own."""

    postgres: Postgres
    rabbitmq: RabbitMQ
    redis: Redis | None


class System(Protocol):
    """One way to run the shape durably. Its module in `systems/` names the class `System`; it is made once per benchmark.

    The measurements come between `start` and `stop`, one at a time.
    """

    label: str
    """A few words for the table: what runs, and with how many worker processes."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        """Set up databases and virtual hosts; `folder` takes logs."""

    def start(self) -> None:
        """Start the worker processes and return once they take work."""

    def run_one(self, seed: int) -> None:
        """Run the shape once, from submission until the client has the last step's result; check it with `shape.verify`."""

    def burst(self, seeds: Sequence[int]) -> None:
        """Submit all these runs as fast as it goes, then wait until the client has (and has checked) every result."""

    def workers(self) -> list[int]:
        """Process ids of the workers started here; the driver adds their descendants."""

    def watchers(self) -> list[int]:
        """Process ids of what only looks on, a collector of traces for one: their processor time is told apart."""

    def stop(self) -> None:
        """End the workers."""

    def close(self) -> None:
        """Let go of what the constructor took, connections of the client included."""


def needs_redis(name: str) -> bool:
    """Whether this system keeps results in Redis, which is then started."""
    return bool(getattr(importlib.import_module(f"{MODULES}.{name}"), "NEEDS_REDIS", False))


def load(name: str, servers: Servers, folder: Path) -> System:
    """The system of this name."""
    system: System = importlib.import_module(f"{MODULES}.{name}").System(servers, folder)
    return system
