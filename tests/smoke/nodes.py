"""pytest-celery's nodes over processes of this machine: a broker and workers as a team runs them, without a container engine."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_celery import CeleryTestBroker, CeleryTestWorker

from synapse.engine.app import SynapseApp
from tests.services.process import ServerProcess


class ProcessContainer:
    """What a node asks of its container, answered by a process that can be started again."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path, ready: str, config: dict[str, Any]) -> None:
        self.name = name
        self.id = "localhost"
        self.celeryconfig = config
        self._command, self._env, self._log, self._ready = list(command), dict(env), log, ready
        self._process: ServerProcess | None = None

    @property
    def status(self) -> str:
        """As Docker names it."""
        return "running" if self._process is not None and self._process.running else "exited"

    def start(self) -> None:
        """Start the process, without waiting for it."""
        self._log.touch()
        self._seen = self._log.stat().st_size
        self._process = ServerProcess(self._command, log=self._log, env=self._env)

    def ready(self) -> bool:
        """Wait until it says that it takes work. Raises ServiceFailed."""
        assert self._process is not None
        self._process.wait_until(lambda: self._ready in self.logs()[self._seen :], self.name)
        return True

    def logs(self) -> str:
        """All it has written."""
        return self._log.read_bytes().decode(errors="replace")

    def kill(self, signal: str | int = "SIGKILL") -> None:
        """End it as a crash would, or with a signal as an orchestrator does."""
        assert self._process is not None
        if signal == "SIGKILL":
            self._process.kill()
        else:
            self._process.stop(_signal(signal))

    def restart(self, timeout: int = 0) -> None:
        """Start it again, after its end if it has not ended."""
        if self.status == "running":
            self.kill("SIGTERM")
        self.start()
        self.ready()

    def reload(self) -> None:
        """Docker's clients keep a copy of what a container is; this is no copy."""

    def teardown(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.stop()


def _signal(name: str | int) -> signal.Signals:
    return signal.Signals[name] if isinstance(name, str) else signal.Signals(name)


class RunningBroker(CeleryTestBroker):
    """A broker that the session has started."""

    def __init__(self, url: str) -> None:
        super().__init__(None)
        self._config = {"url": url, "host_url": url}

    def ready(self) -> bool:
        """It is: who started it has waited."""
        return True

    def config(self, *_: object, **__: object) -> dict[str, Any]:
        """Where it is."""
        return self._config

    def teardown(self) -> None:
        """Whoever started it ends it."""


class AgentWorker(CeleryTestWorker):
    """The worker of one agent's queue."""

    def __init__(self, queue: str, container: ProcessContainer, app: SynapseApp) -> None:
        super().__init__(container, app)
        self.queue = queue

    @property
    def worker_name(self) -> str:
        """Its node's name before the host."""
        return self.queue

    @property
    def worker_queue(self) -> str:
        """The queue that it takes work from."""
        return self.queue

    def hostname(self) -> str:
        """Its node's whole name."""
        return f"{self.queue}@{self.container.id}"
