"""Worker processes of a system, each with a log, ended by their own process ids."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.services.process import ServerProcess

_ROOT = Path(__file__).parents[2]


class Workers:
    """A set of Python processes that say in their log when they take work."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._processes: list[ServerProcess] = []

    @property
    def pids(self) -> list[int]:
        """Ids of the processes that run."""
        return [process.pid for process in self._processes]

    def start(self, commands: Sequence[Sequence[str]], env: Mapping[str, str], ready: str) -> None:
        """Run ``python <command>`` for each, and wait until each log holds the word `ready`."""
        for command in commands:
            number = len(self._processes)
            log = self._folder / f"{self._name}-{number}.log"
            log.unlink(missing_ok=True)
            environment = {**os.environ, **env, "PYTHONUNBUFFERED": "1"}
            environment["PYTHONPATH"] = f"{_ROOT}{os.pathsep}{environment.get('PYTHONPATH', '')}".rstrip(os.pathsep)
            self._processes.append(ServerProcess([sys.executable, *command], log=log, env=environment))
        for process in self._processes[-len(commands) :]:
            process.wait_until(lambda process=process: ready in process.log.read_text(errors="replace"), self._name)

    def stop(self) -> None:
        """End them all, warmly."""
        for process in self._processes:
            process.stop()
        self._processes.clear()
