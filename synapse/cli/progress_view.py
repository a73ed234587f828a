"""A run at work: a live tree of its steps on a terminal, a line for each thing that happened elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from synapse.cli.progress import Node, Progress, Work, asked, why
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
_MARKS: Final = {
    "ready": ("·", "bright_black"),
    "running": ("▸", "cyan"),
    "retrying": ("↻", "yellow"),
    "waiting": ("…", "yellow"),
    "succeeded": ("✓", "green"),
    "skipped": ("–", "yellow"),
    "failed": ("✗", "red"),
    "cancelled": ("–", "yellow"),
    "stopped": ("–", "yellow"),
}
_WAITED: Final = {"timer": "wait", "signal": "wait for a signal", "approval": "wait for approval"}
_WIDTH: Final = 16
_MOST: Final = 12
"""Members of a node that have a line each; of more of them those that are of interest just now."""


def tree(progress: Progress, now: datetime) -> Table:
    """The run, its nodes and the members of those that have several: state, bar, tries and time of each."""
    table = Table.grid(padding=(0, 2))
    for width in (22, 20, _WIDTH, 7, 5, 8):
        table.add_column(min_width=width, no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    works = progress.works
    ended = progress.last.at if progress.last is not None and progress.state != "running" else now
    total = seconds(max(0.0, (ended - progress.began).total_seconds())) if progress.began else ""
    colour = _MARKS[progress.state][1]
    done = sum(work.over for work in works)
    table.add_row(_label("", progress.state, "run"), "", _bar(done, len(works), colour), f"{done}/{len(works)}", "", total, "")
    nodes = list(progress.nodes.values())
    for node in nodes:
        _node(table, node, now, "└ " if node is nodes[-1] else "├ ", "  " if node is nodes[-1] else "│ ")
    return table


def _node(table: Table, node: Node, now: datetime, branch: str, under: str) -> None:
    works = list(node.works.values())
    if len(works) == 1 and not works[0].member:
        table.add_row(*_cells(works[0], now, branch, node.name))
        return
    bar = _bar(node.over, len(works), _MARKS[node.state][1])
    table.add_row(_label(branch, node.state, node.name), _title(node.agent), bar, f"{node.over}/{len(works)}", "", _span(works, now), "")
    shown = list(_interesting(works))
    left = len(works) - len(shown)
    for work in shown:
        table.add_row(*_cells(work, now, under + ("├ " if left or work is not shown[-1] else "└ "), work.member))
    if left:
        table.add_row(Text(f"{under}└ {left} more", "bright_black"))


def _interesting(works: list[Work]) -> Iterator[Work]:
    if len(works) <= _MOST:
        yield from works
        return
    yield from [work for work in works if work.state not in ("ready", "succeeded", "stopped")][:_MOST]


def _cells(work: Work, now: datetime, branch: str, name: str) -> tuple[Text | str, ...]:
    tries = f"try {work.attempt}" if work.attempt > 1 else ""
    if work.waited:
        kind = Text(_WAITED[work.waited["kind"]])
        label = _label(branch, work.state, str(work.waited.get("signal") or name))
        return label, kind, "", "", tries, _span([work], now), Text(asked(work.waited), "yellow")
    title = _title(work.agent) if not work.member else Text("")
    bar = Text("") if work.member else _bar(int(work.over), 1, _MARKS[work.state][1])
    note = Text(short(work.note, 60), "yellow")
    return _label(branch, work.state, name), title, bar, Text(""), tries, _span([work], now), note


def _label(branch: str, state: str, name: str) -> Text:
    mark, colour = _MARKS[state]
    return Text.assemble((branch, "bright_black"), (mark, colour), f" {short(name, 40)}")


def _title(agent: str | None) -> Text:
    return Text(TITLES.get(agent or "", agent or ""))


def _bar(done: int, total: int, colour: str) -> Text:
    filled = round(_WIDTH * done / max(1, total))
    return Text("━" * filled, colour) + Text("━" * (_WIDTH - filled), "bright_black")


def _span(works: list[Work], now: datetime) -> str:
    """From the first start to the last end; to now while one goes on."""
    started = [work.started for work in works if work.started is not None]
    if not started:
        return ""
    ends = [work.ended or now for work in works if work.started is not None]
    return seconds(max(0.0, (max(ends) - min(started)).total_seconds()))


class Watching:
    """Shows events on a console as they come."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress = Progress()
        self._lock = Lock()

    def __call__(self, events: Iterable[Event]) -> Event | None:
        """Show them all; the last of them."""
        if not self.console.is_terminal:
            for event in events:
                self.progress.take(event)
                self._line(event)
            return self.progress.last
        # Drawn by a thread of rich's: times go on while nothing happens.
        with Live(console=self.console, refresh_per_second=8, get_renderable=self._drawn):
            for event in events:
                with self._lock:
                    self.progress.take(event)
        return self.progress.last

    def _drawn(self) -> Table:
        with self._lock:
            return tree(self.progress, datetime.now(UTC))

    def _line(self, event: Event) -> None:
        if event.name == "step.started" or self.progress.began is None:
            return
        after = (event.at - self.progress.began).total_seconds()
        who = event.agent or (event.data.get("kind", "") if event.name == "step.waiting" else "") or "run"
        upcoming = len(event.data.get("next") or ())
        said = (
            why(event)
            or (asked(event.data) if event.name == "step.waiting" else "")
            or (f"{counted(upcoming, 'step')} ready" if upcoming else "")
        )
        line = f"{after:7.2f} s  {who:<20} {event.name.partition('.')[2]:<10} {event.step or '':<14} {said}"
        self.console.print(Text(line.rstrip()), highlight=False, soft_wrap=True)
