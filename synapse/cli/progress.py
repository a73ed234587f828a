"""What a run is doing, from its events: a live table on a terminal, a line for each thing that happened elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from synapse.cli.text import counted, seconds, short
from synapse.contracts.messages import Event

TITLES: Final = {
    "orchestrator": "plan the search",
    "search": "find sources",
    "search.rank": "choose what to read",
    "extraction": "read pages",
    "fact_check": "check claims",
    "synthesis": "write the report",
    "file_save": "save files",
    "orchestrator.finish": "close the run",
}
_MARKS: Final = {"running": ("▸", "cyan"), "done": ("✓", "green"), "skipped": ("–", "yellow"), "failed": ("✗", "red")}
_WIDTH: Final = 16
_WAITED: Final = {"timer": "wait", "signal": "wait for a signal", "approval": "wait for approval"}


@dataclass
class Work:
    """What one agent has done in this run."""

    agent: str
    total: int = 0
    running: set[str] = field(default_factory=set)
    done: int = 0
    skipped: int = 0
    failed: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    note: str = ""

    @property
    def mark(self) -> tuple[str, str]:
        """A sign and its colour."""
        if self.failed:
            return _MARKS["failed"]
        if self.running or self.done + self.skipped < self.total:
            return _MARKS["running"]
        return _MARKS["skipped" if self.skipped else "done"]


class Progress:
    """A run as far as its events tell."""

    def __init__(self) -> None:
        self.works: dict[str, Work] = {}
        self.last: Event | None = None
        self.waiting: dict[str, dict[str, Any]] = {}
        self._widths: dict[str, int] = {}

    def take(self, event: Event) -> None:
        """Account for one more event."""
        self.last = event
        for place in event.data.get("next") or ():
            name = _node(place)
            self._widths[name] = self._widths.get(name, 0) + 1
        if event.name.startswith("run."):
            self.waiting.clear()  # it has ended, or goes on and says again what it waits for
        if event.step is None:
            return
        if event.name == "step.waiting":
            self.waiting[event.step] = event.data
        elif event.step in self.waiting and event.name != "signal.received":
            del self.waiting[event.step]
        if event.agent is None:
            return
        work = self.works.setdefault(event.agent, Work(event.agent))
        work.total = max(work.total, self._widths.get(_node(event.step), 1))
        self._step(work, event, event.step)

    @staticmethod
    def _step(work: Work, event: Event, step: str) -> None:
        kind = event.name.removeprefix("step.")
        if kind == "started":
            work.running.add(step)
            work.started = work.started or event.at
        elif kind == "progress":
            work.note = str(event.data.get("message") or "")
        elif kind in ("succeeded", "skipped", "failed", "retrying", "lost"):
            work.running.discard(step)
            work.ended = event.at
            work.done += kind == "succeeded"
            work.skipped += kind == "skipped"
            work.failed += kind == "failed"
            if kind != "succeeded":
                work.note = _why(event)

    def table(self) -> Table:
        """All of it, a row for each agent."""
        table = Table.grid(padding=(0, 2))
        for width in (1, 16, 22, _WIDTH, 7, 8):
            table.add_column(min_width=width, no_wrap=True)
        table.add_column(overflow="ellipsis", no_wrap=True)
        for work in self.works.values():
            mark, colour = work.mark
            finished = work.done + work.skipped + work.failed
            filled = round(_WIDTH * finished / max(1, work.total))
            bar = Text("━" * filled, colour) + Text("━" * (_WIDTH - filled), "bright_black")
            spent = seconds((work.ended - work.started).total_seconds()) if work.started and work.ended else ""
            title = TITLES.get(work.agent, "")
            note = short(work.note, 60)
            table.add_row(
                Text(mark, colour), Text(work.agent, "bold"), Text(title), bar, f"{finished}/{work.total}", spent, Text(note, "yellow")
            )
        for step, asked in self.waiting.items():
            what = str(asked.get("signal") or step)
            table.add_row(Text("…", "yellow"), Text(what, "bold"), Text(_WAITED[asked["kind"]]), "", "", "", Text(_asked(asked), "yellow"))
        return table


class Watching:
    """Shows events on a console as they come."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress = Progress()
        self._began: datetime | None = None

    def __call__(self, events: Iterable[Event]) -> Event | None:
        """Show them all; the last of them."""
        if not self.console.is_terminal:
            for event in events:
                self.progress.take(event)
                self._line(event)
            return self.progress.last
        with Live(console=self.console, refresh_per_second=12, transient=False) as live:
            for event in events:
                self.progress.take(event)
                live.update(self.progress.table())
        return self.progress.last

    def _line(self, event: Event) -> None:
        self._began = self._began or event.at
        if event.name == "step.started":
            return
        after = (event.at - self._began).total_seconds()
        who = event.agent or (event.data.get("kind", "") if event.name == "step.waiting" else "") or "run"
        upcoming = len(event.data.get("next") or ())
        said = (
            _why(event)
            or (_asked(event.data) if event.name == "step.waiting" else "")
            or (f"{counted(upcoming, 'step')} ready" if upcoming else "")
        )
        line = f"{after:7.2f} s  {who:<20} {event.name.partition('.')[2]:<10} {event.step or '':<14} {said}"
        self.console.print(Text(line.rstrip()), highlight=False, soft_wrap=True)


def _asked(data: dict[str, Any]) -> str:
    """What somebody is asked, or how long it is waited."""
    limit = f"for {data['seconds']:g} s" if "seconds" in data else f"until {data['until']}" if "until" in data else ""
    return short(", ".join(part for part in (str(data.get("ask") or ""), limit) if part), 200)


def _node(place: str) -> str:
    return place.partition("[")[0]


def _why(event: Event) -> str:
    error = event.data.get("error")
    if isinstance(error, dict):
        again = f", again in {event.data['retry_in']:g} s" if "retry_in" in event.data else ""
        return short(f"{error.get('message', '')}{again}", 200)
    return str(event.data.get("reason") or event.data.get("message") or "")
