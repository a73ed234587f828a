"""Clients that submit runs over HTTP, each under a key of its own, until the API has taken it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from synapse.client import Client, ClientError
from synapse.contracts.run import RunRequest

_AGAIN = 0.3


@dataclass(frozen=True)
class Job:
    """One run to ask for, ``at`` seconds after the beginning."""

    key: str
    request: RunRequest
    at: float


@dataclass
class Books:
    """What the API said."""

    accepted: dict[str, str] = field(default_factory=dict)
    """Runs by key."""
    repeated: int = 0
    """Requests that were sent once more, because no answer came or one that asked for it."""
    faults: list[str] = field(default_factory=list)


class Callers:
    """Several threads that share the jobs and know every instance of the API."""

    def __init__(self, urls: Sequence[str], token: str, jobs: Sequence[Job], count: int = 6) -> None:
        self.books, self.jobs = Books(), jobs
        self._urls, self._token = list(urls), token
        self._waiting: SimpleQueue[Job] = SimpleQueue()
        for job in jobs:
            self._waiting.put(job)
        self._began = 0.0
        self._given_up = threading.Event()
        self._threads = [threading.Thread(target=self._go, args=(number,), daemon=True) for number in range(count)]

    def start(self) -> None:
        """Begin with the first."""
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> bool:
        """Whether there is still something to be taken."""
        return any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """Ask for nothing more."""
        self._given_up.set()
        for thread in self._threads:
            thread.join(60)

    def _go(self, turn: int) -> None:
        clients = {url: Client(url, self._token, retries=0) for url in self._urls}
        while not self._given_up.is_set():
            try:
                job = self._waiting.get_nowait()
            except Empty:
                break
            self._given_up.wait(max(0.0, self._began + job.at - time.monotonic()))
            turn = self._submit(job, clients, turn)
        for client in clients.values():
            client.close()

    def _submit(self, job: Job, clients: Mapping[str, Client], turn: int) -> int:
        while not self._given_up.is_set():
            turn += 1
            try:
                run = clients[self._urls[turn % len(self._urls)]].submit(job.request, key=job.key).id
            except ClientError as error:
                if not error.retryable:
                    self.books.faults.append(f"request {job.key} was refused: {type(error).__name__}: {error}")
                    break
                self.books.repeated += 1
                self._given_up.wait(_AGAIN)
            else:
                self.books.accepted[job.key] = run
                break
        return turn
