"""The processes of this user here that may be asked, and which of them are meant."""

from __future__ import annotations

from dataclasses import dataclass

from synapse.cli.exits import complain
from synapse.errors import NotFound, Unavailable
from synapse.telemetry import control_client
from synapse.telemetry.control_client import Door
from synapse.telemetry.control_socket import Report

_ALL = "up"
_PREFIX = "synapse-"


@dataclass(frozen=True)
class Process:
    """One, and what it said of itself; nothing where it does not answer, which does not keep it from being watched from outside."""

    door: Door
    report: Report | None

    @property
    def name(self) -> str:
        """For people: what it is, whose steps it does, and its id."""
        queues = served(self.report) if self.report is not None else ""
        return " ".join(part for part in (self.door.role, queues, str(self.door.pid)) if part)


def served(report: Report) -> str:
    """The agents of a worker, by their queues."""
    return ",".join(queue.removeprefix(_PREFIX) for queue in report.card.queues)


def chosen(role: str | None, queue: str | None, pid: int | None) -> list[Process]:
    """Those of a role, a queue or an id, each once. Raises NotFound when there is none."""
    found = {door.pid: door for door in control_client.doors() if _plays(door, role) and pid in (None, door.pid)}
    asked = [process for door in found.values() if (process := _ask(door)) is not None]
    meant = [process for process in asked if queue is None or _serves(process, queue)]
    if not meant:
        raise NotFound(
            f"no {role or 'process'} of this user runs here"
            + (f" with process id {pid}" if pid is not None else "")
            + (f" and serves {queue}" if queue is not None else ""),
            remedy="run this on its machine, as its user: docker compose exec worker-search synapse profile worker",
        )
    return meant


def _plays(door: Door, role: str | None) -> bool:
    return role is None or door.role == _ALL or door.role.partition("-")[0] == role


def _serves(process: Process, queue: str) -> bool:
    return process.report is not None and _PREFIX + queue.removeprefix(_PREFIX).replace("_", "-") in process.report.card.queues


def _ask(door: Door) -> Process | None:
    try:
        report = control_client.report(door)
    except Unavailable as error:
        complain(error.detail, error.remedy)
        return Process(door, None)
    return Process(door, report) if report is not None else None
