"""A server as a child process: started, awaited by condition, stopped by its own process id."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.services import procfs

START_SECONDS = 240.0
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.03


class ServiceMissing(RuntimeError):
    """A program that this service needs is not installed."""


class ServiceFailed(RuntimeError):
    """A server did not start, or ended while it was waited for; the message ends with the tail of its log."""


class ServerProcess:
    """One child process that writes to a log file and dies with the thread that started it."""

    def __init__(self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, user: int | None = None) -> None:
        # A test session that is killed outright cannot stop its servers, so the kernel is asked to. setpriv is in every Debian.
        guard = [setpriv, "--pdeathsig", "KILL", "--"] if (setpriv := shutil.which("setpriv")) else []
        self.log = log
        with log.open("ab") as out:
            self._popen = subprocess.Popen(
                [*guard, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
                env=env,
                start_new_session=True,
                user=user,
                group=None if user is None else _group_of(user),
                extra_groups=None if user is None else [],
            )
        self.pid = self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._popen.poll() is None

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
        """Wait for the condition; raise `ServiceFailed` when the process ends first or time runs out."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise ServiceFailed(f"{what} was not ready within {seconds:.0f} s\n{self.tail()}")
            try:
                self._popen.wait(LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            raise ServiceFailed(f"{what} ended with status {self._popen.returncode}\n{self.tail()}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process in its own way; kill it only when that takes too long."""
        if self.running:
            self._popen.send_signal(how)
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL the process and its children at one moment, as a power cut would, and wait until all are gone."""
        if self.running:
            # Stopped first, so that it starts no further child while they are counted.
            os.kill(self.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            handles = [handle for pid in procfs.family(self.pid) if (handle := _handle(pid)) is not None]
            for handle in handles:
                _send_kill(handle)
            for handle in handles:
                select.select([handle], [], [], STOP_SECONDS)
                os.close(handle)
        self._popen.wait(STOP_SECONDS)

    def tail(self, lines: int = 25) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Service:
    """What all private servers share: a folder of their own and a life that a `with` block bounds."""

    name = "service"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"synapse-{self.name}-"))
        self._process: ServerProcess | None = None

    @property
    def running(self) -> bool:
        """Whether the server process is there."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None or not self._process.running:
            raise ServiceFailed(f"{self.name} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers; nothing when it runs already."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the server cleanly; its data and ports stay for the next `start`."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End the server with SIGKILL; its data and ports stay for the next `start`."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        """Stop cleanly and start again, on the same port."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End the server and delete its folder; it is not to be used afterwards."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _group_of(user: int) -> int:
    import pwd  # not on every platform, and needed only where servers change their user

    return pwd.getpwuid(user).pw_gid


def _handle(pid: int) -> int | None:
    """A handle that means this process for ever, whoever gets its number next; readable once it has ended."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _send_kill(handle: int) -> None:
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return
