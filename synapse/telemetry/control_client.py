"""Who knocks: the processes of this user on this machine, or in this container, found by their sockets and asked."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from synapse.errors import Unavailable
from synapse.telemetry.control_socket import SUFFIX, Report, check, folder
from synapse.telemetry.profiles import Profile

_SECONDS: Final = 10.0
"""For an answer, besides what a measurement is to take: a busy process comes to it late."""


class Door(NamedTuple):
    """The socket of a process, which its name tells."""

    path: Path
    role: str
    pid: int


def doors() -> list[Door]:
    """All there are, by role and process. Raises Unavailable when the folder is not this user's alone."""
    place = folder()
    if not place.exists():
        return []
    check(place)
    found = [_door(path) for path in sorted(place.glob(f"*{SUFFIX}"))]
    return [door for door in found if door is not None]


def _door(path: Path) -> Door | None:
    role, _, pid = path.name.removesuffix(SUFFIX).rpartition(".")
    return Door(path, role, int(pid)) if role and pid.isdigit() else None


def report(door: Door) -> Report | None:
    """What the process is and holds; None when it is there no more. Raises Unavailable."""
    told = _ask(door, {"ask": "report"}, _SECONDS)
    return Report.model_validate(told) if told is not None else None


def profile(door: Door, seconds: float, rate: float) -> Profile | None:
    """Have the process look at itself for so long; None when it is there no more. Raises Unavailable."""
    told = _ask(door, {"ask": "profile", "seconds": seconds, "rate": rate}, seconds + _SECONDS)
    return Profile.model_validate(told) if told is not None else None


def _ask(door: Door, what: dict[str, Any], patience: float) -> Any:
    try:
        said = _exchange(door.path, json.dumps(what).encode() + b"\n", patience)
    except (ConnectionRefusedError, FileNotFoundError):
        # It was killed before it could clear up.
        with suppress(OSError):
            door.path.unlink()
        return None
    except TimeoutError as error:
        raise Unavailable(
            f"the {door.role} with process id {door.pid} does not answer", remedy="it may be stuck: py-spy dump shows where, from outside"
        ) from error
    except OSError as error:
        raise Unavailable(f"the {door.role} with process id {door.pid} cannot be asked: {error.strerror or error}") from error
    if not said:
        return None
    told = json.loads(said)
    if "error" in told:
        raise Unavailable(f"the {door.role} with process id {door.pid} says: {told['error']}")
    return told


def _exchange(path: Path, question: bytes, patience: float) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(patience)
        line.connect(str(path))
        line.sendall(question)
        parts = []
        while part := line.recv(65_536):
            parts.append(part)
    return b"".join(parts)
