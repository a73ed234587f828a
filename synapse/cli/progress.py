"""What a run is doing, as far as its events tell: its steps by the nodes of the workflow that they are of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from synapse.cli.text import short
from synapse.contracts.messages import Event

_ENDED: Final = {"succeeded": "succeeded", "skipped": "skipped", "failed": "failed"}
_STATES: Final = {**_ENDED, "started": "running", "waiting": "waiting", "retrying": "retrying", "lost": "ready"}


@dataclass
class Work:
    """One step, from its first try to its end. ``waited`` is what it asks for where it waits without a worker."""

    path: str
    agent: str | None = None
    state: str = "ready"
    attempt: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    note: str = ""
    waited: dict[str, Any] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.state in _ENDED

    @property
    def member(self) -> str:
        """Its place among the steps of its node, ``[3]``; nothing where it is the only one."""
        return self.path[len(node_of(self.path)) :]

    def take(self, event: Event) -> None:
        """Account for one more event of it."""
        kind = event.name.removeprefix("step.")
        self.agent = event.agent or self.agent
        if kind == "progress":
            self.note = str(event.data.get("message") or "")
        if kind not in _STATES:
            return
        self.state = _STATES[kind]
        self.attempt = max(self.attempt, event.attempt or 0)
        self.waited = event.data if kind == "waiting" else {}
        if kind in ("started", "waiting"):
            self.started, self.ended = self.started or event.at, None
        else:
            self.ended = event.at
            self.note = "" if kind == "succeeded" else why(event)


@dataclass
class Node:
    """The steps of one node of the workflow: one, or those of a foreach."""

    name: str
    works: dict[str, Work] = field(default_factory=dict)

    @property
    def agent(self) -> str | None:
        """Who does it."""
        return next((work.agent for work in self.works.values() if work.agent), None)

    @property
    def state(self) -> str:
        """That of its steps together: the worst of the ends, once all have ended."""
        states = {work.state for work in self.works.values()}
        order = ("failed", "running", "retrying", "waiting", "ready", "stopped", "skipped", "succeeded")
        return next(state for state in order if state in states)

    @property
    def over(self) -> int:
        """How many of its steps have ended."""
        return sum(work.over for work in self.works.values())


class Progress:
    """A run as far as its events tell."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.began: datetime | None = None
        self.last: Event | None = None

    @property
    def works(self) -> list[Work]:
        """Every step."""
        return [work for node in self.nodes.values() for work in node.works.values()]

    @property
    def state(self) -> str:
        """Where the run stands."""
        name = self.last.name if self.last is not None else ""
        return name.removeprefix("run.") if name in ("run.succeeded", "run.failed", "run.cancelled") else "running"

    def take(self, event: Event) -> None:
        """Account for one more event."""
        self.began, self.last = self.began or event.at, event
        for place in event.data.get("next") or ():
            # A step that is ready again, of a run that is resumed, begins anew.
            self._node(place).works[place] = Work(place)
        if event.step is not None and event.name.startswith("step."):
            self._node(event.step).works.setdefault(event.step, Work(event.step)).take(event)
        if self.state != "running":
            self._stop(event)

    def _node(self, place: str) -> Node:
        name = node_of(place)
        return self.nodes.setdefault(name, Node(name))

    def _stop(self, event: Event) -> None:
        for work in self.works:
            if not work.over:
                work.state, work.ended, work.waited = "stopped", event.at, {}


def node_of(place: str) -> str:
    """The node of a step: ``read`` of ``read[3]``."""
    return place.partition("[")[0]


def why(event: Event) -> str:
    """What went wrong, and when it is tried again; or what an event says of itself."""
    error = event.data.get("error")
    if isinstance(error, dict):
        again = f", again in {event.data['retry_in']:g} s" if "retry_in" in event.data else ""
        return short(f"{error.get('message', '')}{again}", 200)
    return str(event.data.get("reason") or event.data.get("message") or "")


def asked(data: dict[str, Any]) -> str:
    """What somebody is asked, or how long it is waited."""
    limit = f"for {data['seconds']:g} s" if "seconds" in data else f"until {data['until']}" if "until" in data else ""
    return short(", ".join(part for part in (str(data.get("ask") or ""), limit) if part), 200)
