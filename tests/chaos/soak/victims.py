"""Processes that are started again whenever they have ended, and what can be done to them meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from tests.chaos.soak.plan import Blow
from tests.services import procfs
from tests.services.process import ServerProcess, Service

_LOOK = 0.1


class Running(Protocol):
    """A process that runs, or not."""

    @property
    def running(self) -> bool:
        """Whether it does."""

    @property
    def pid(self) -> int:
        """Its id while it does."""

    def kill(self) -> None:
        """End it and its children with SIGKILL."""


class Victim:
    """Has a thread of its own, for a server that starts must not keep the others from being started, and ends with that thread."""

    def __init__(self, name: str, term: signal.Signals = signal.SIGTERM) -> None:
        self.name = name
        self._term = term
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True, name=f"keeper-{name}")

    def start(self) -> None:
        """Start it, and again whenever it has ended."""
        self._thread.start()

    def close(self) -> None:
        """End it, and with it the starting."""
        self._closed.set()
        self._thread.join(120)
        if (process := self._process()) is not None:
            process.kill()

    def strike(self, blow: Blow) -> bool:
        """Do it; False when there is nothing to do it to just now."""
        with self._lock:
            process = self._process()
            if process is None or not process.running:
                return False
            if blow.how == "kill":
                process.kill()
            elif blow.how == "term":
                os.kill(process.pid, self._term)
            elif blow.how == "stop":
                self._stop(procfs.family(process.pid), blow.pause)
            return True

    def _stop(self, pids: list[int], pause: float) -> None:
        _send(pids, signal.SIGSTOP)
        timer = threading.Timer(pause, _send, (pids, signal.SIGCONT))
        timer.daemon = True
        timer.start()

    def _keep(self) -> None:
        while not self._closed.wait(_LOOK):
            with self._lock:
                process = self._process()
                gone = process is None or not process.running
            if gone:
                self._begin()

    def _process(self) -> Running | None:
        raise NotImplementedError

    def _begin(self) -> None:
        raise NotImplementedError


def _send(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


class Command(Victim):
    """A command of ours. Each time it is started it has another name for the faults that it is to meet."""

    def __init__(
        self, name: str, command: list[str], folder: Path, env: Mapping[str, str], faults: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(name)
        self._command, self._folder, self._env, self._faults = command, folder, env, faults
        self._started: ServerProcess | None = None
        self._serial = 0

    def _process(self) -> ServerProcess | None:
        return self._started

    def _begin(self) -> None:
        self._serial += 1
        env = dict(self._env)
        if self._faults is not None:
            env["SYNAPSE_FAULTS"] = json.dumps({**self._faults, "who": f"{self.name}-{self._serial}"})
        log = self._folder / f"{self.name}-{self._serial}.log"
        made = ServerProcess([sys.executable, *self._command], log=log, env=env)
        with self._lock:
            self._started = made


class Server(Victim):
    """A private RabbitMQ or PostgreSQL."""

    def __init__(self, name: str, service: Service, cut: Callable[[], None] = lambda: None, term: signal.Signals = signal.SIGTERM) -> None:
        super().__init__(name, term)
        self._service, self._cut = service, cut

    def strike(self, blow: Blow) -> bool:
        """As of any other, and cut its connections."""
        if blow.how == "cut":
            with contextlib.suppress(Exception):
                self._cut()
                return True
            return False
        return super().strike(blow)

    def _process(self) -> Running | None:
        return self._service if self._service.running else None

    def _begin(self) -> None:
        # It may be struck while it starts, and is started once more.
        with contextlib.suppress(Exception):
            self._service.start()
