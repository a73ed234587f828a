"""A door into a running process, for who may do to it what they like anyway: a socket in a folder that only its user may enter.

By it a process is asked what it is, what it holds, and what it is doing; nothing can be changed. It needs no port, no token and no
capability, so it works in a container that has none of them; a thread waits at it, and costs nothing until somebody knocks.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import Field, ValidationError

from synapse import __version__
from synapse.contracts.evidence import Frozen
from synapse.errors import Unavailable
from synapse.settings import ControlSettings
from synapse.telemetry import sampler
from synapse.telemetry.memory import Memory, held

_log = structlog.get_logger(__name__)
SUFFIX: Final = ".sock"
_LONGEST_REQUEST: Final = 4096
_PATIENCE: Final = 10.0
_OWNER_ONLY: Final = 0o700


class Card(Frozen):
    """What a process is."""

    role: str = Field(description="worker, api, mcp primary, mcp filesystem; or up, which is all of them in one.")
    pid: int
    parent: int | None = Field(default=None, description="Of a process of a pool: the worker's main process.")
    queues: tuple[str, ...] = Field(default=(), description="Those a worker takes steps from.")
    version: str = __version__
    uptime_seconds: float = 0.0
    threads: int = 0


class Report(Frozen):
    """What a process holds."""

    card: Card
    memory: Memory | None = Field(description="Null where the system does not tell.")


class Wanted(Frozen):
    """What somebody asks. Bounds are those of a measurement that a busy process can bear."""

    ask: str
    seconds: float = Field(default=10.0, gt=0, le=600)
    rate: float = Field(default=100.0, ge=1, le=1000)


def folder(settings: ControlSettings | None = None) -> Path:
    """Where the doors of this user's processes are."""
    chosen = (settings or ControlSettings()).runtime_dir
    return chosen if chosen is not None else Path(tempfile.gettempdir()) / f"synapse-{os.getuid()}"


def check(place: Path) -> None:
    """Raise Unavailable unless the folder is this user's and nobody else may enter it: others may make folders in the same place."""
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Unavailable(f"{place} is not a folder of this user's alone", remedy="remove it, or set SYNAPSE_RUNTIME_DIR to another")


class ControlSocket:
    """The door of this process. Raises nothing when it cannot be opened: whoever works must not stop for who may want to look."""

    _sampling = threading.Lock()

    def __init__(self, role: str, *, parent: int | None = None, queues: Sequence[str] = ()) -> None:
        self._card = Card(role=role, pid=os.getpid(), parent=parent, queues=tuple(queues))
        self._since = time.monotonic()
        self._listener: socket.socket | None = None
        self._path: Path | None = None

    def open(self) -> ControlSocket:
        """Answer from now on, on a thread."""
        settings = ControlSettings()
        if not settings.control_socket or not hasattr(socket, "AF_UNIX"):
            return self
        try:
            self._listen(folder(settings))
        except (OSError, Unavailable) as error:
            _log.warning("control.closed", error=str(error))
            return self
        os.register_at_fork(after_in_child=self._leave)
        threading.Thread(target=self._answer_all, args=(self._listener,), daemon=True, name="synapse-control").start()
        return self

    def close(self) -> None:
        """Answer no more."""
        path, self._path = self._path, None
        listener, self._listener = self._listener, None
        if listener is None or path is None:
            return
        with suppress(OSError):
            path.unlink()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits; closing would not
        listener.close()

    def _listen(self, place: Path) -> None:
        place.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        check(place)
        path = place / f"{self._card.role.replace(' ', '-')}.{self._card.pid}{SUFFIX}"
        path.unlink(missing_ok=True)  # of a process that had the same id and could not clear up
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(8)
        except OSError:
            listener.close()
            raise
        self._listener, self._path = listener, path

    def _leave(self) -> None:
        """In a forked child: the door is its parent's. A copy kept open would let people knock when the parent is gone."""
        listener, self._listener, self._path = self._listener, None, None
        if listener is not None:
            listener.close()

    def _answer_all(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            # Each by itself: a measurement takes long, and others want to know something meanwhile.
            threading.Thread(target=self._answer, args=(caller,), daemon=True, name="synapse-control-answer").start()

    def _answer(self, caller: socket.socket) -> None:
        with caller, suppress(OSError):
            caller.settimeout(_PATIENCE)
            if not _trusted(caller):
                return
            caller.sendall(json.dumps(self._reply(caller)).encode())

    def _reply(self, caller: socket.socket) -> dict[str, Any]:
        try:
            asked = Wanted.model_validate_json(_line(caller))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            return {"error": f"{'.'.join(map(str, first['loc'])) or 'the question'}: {first['msg']}"}
        answers: dict[str, Callable[[], dict[str, Any]]] = {"report": self._report, "profile": lambda: self._profile(asked, caller)}
        if asked.ask not in answers:
            return {"error": f"nobody here knows {asked.ask!r}"}
        try:
            return answers[asked.ask]()
        except Exception:
            _log.exception("control.failed", asked=asked.ask)
            return {"error": "it could not; its log says why"}

    def _report(self) -> dict[str, Any]:
        about = {"uptime_seconds": round(time.monotonic() - self._since, 1), "threads": threading.active_count()}
        return Report(card=self._card.model_copy(update=about), memory=held()).model_dump()

    def _profile(self, asked: Wanted, caller: socket.socket) -> dict[str, Any]:
        if not self._sampling.acquire(blocking=False):
            return {"error": "somebody else measures this process just now"}
        try:
            return sampler.sample(asked.seconds, asked.rate, wanted=lambda: not _gone(caller)).model_dump()
        finally:
            self._sampling.release()


def _line(caller: socket.socket) -> bytes:
    said = b""
    while b"\n" not in said and len(said) < _LONGEST_REQUEST and (more := caller.recv(_LONGEST_REQUEST)):
        said += more
    return said.partition(b"\n")[0]


def _gone(caller: socket.socket) -> bool:
    """Whether nobody waits for the answer any more."""
    try:
        caller.setblocking(False)  # with a time-out Python would wait for it before it asks
        return caller.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        caller.settimeout(_PATIENCE)


def _trusted(caller: socket.socket) -> bool:
    """Whether it is this user, or root, as the kernel says. The folder's mode says the same; where it cannot be asked, only that does."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, user, _ = struct.unpack("3i", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return user in (os.getuid(), 0)
