"""Runs that go on beside what is measured."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from synapse.cli.client import Api
from synapse.contracts.run import RunRequest


class Count:
    """How many runs ended meanwhile."""

    def __init__(self) -> None:
        self.runs = 0
        self._lock = threading.Lock()

    def one(self) -> None:
        """One more."""
        with self._lock:
            self.runs += 1


@contextmanager
def runs_beside(url: str, token: str, many: int, request: RunRequest) -> Iterator[Count]:
    """So many runs under way at any time, each followed to its end and followed by the next."""
    over, count = threading.Event(), Count()

    def keep() -> None:
        with Api(url, token) as api:
            while not over.is_set():
                for _ in api.stream(api.submit(request).id):
                    pass
                count.one()

    threads = [threading.Thread(target=keep, daemon=True, name=f"beside-{number}") for number in range(many)]
    for each in threads:
        each.start()
    try:
        yield count
    finally:
        over.set()
        for each in threads:
            each.join(60)
