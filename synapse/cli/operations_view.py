"""Queues and workers on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from synapse.cli.tables import last
from synapse.cli.text import seconds, shown
from synapse.contracts.operations import QueueList, WorkerList


def queues(found: QueueList) -> RenderableType:
    """A row for each queue; what the broker was not asked is a dash."""
    table = _table("queue", ("messages", "consumers", "ready steps", "oldest", "dead letters"))
    for each in found.queues:
        oldest = seconds(each.oldest_seconds) if each.ready_steps else ""
        counts = (_count(each.messages), _count(each.consumers), str(each.ready_steps), oldest, str(each.dead_letters))
        # Steps that wait with nobody to take them are what this is looked at for.
        table.add_row(Text(shown(each.name), "yellow" if each.ready_steps and each.consumers == 0 else ""), *counts)
    return _with(table, found.unasked)


def workers(found: WorkerList) -> RenderableType:
    """A row for each worker."""
    if not found.workers:
        return Text(f"no workers: {shown(found.unasked)}" if found.unasked else "no worker answered within a second")
    table = _table("worker", ("busy", "slots", "up", "pid"), ("pool", "version", "queues"))
    for each in found.workers:
        name = Text(f"{shown(each.name)}{' (stopping)' if each.stopping else ''}", "yellow" if each.stopping else "")
        numbers = (str(each.busy), str(each.slots), seconds(each.uptime_seconds), str(each.pid))
        table.add_row(name, *numbers, shown(each.pool), shown(each.version), last(" ".join(each.queues)))
    return _with(table, found.unasked)


def _table(first: str, numbers: tuple[str, ...], texts: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black")
    table.add_column(first, no_wrap=True)
    for name in numbers:
        table.add_column(name, no_wrap=True, justify="right")
    for name in texts:
        table.add_column(name, no_wrap=name != texts[-1])
    return table


def _with(table: Table, unasked: str | None) -> RenderableType:
    return table if unasked is None else Group(table, Text(f"the broker was not asked: {shown(unasked)}", "bright_black"))


def _count(value: int | None) -> str:
    return "–" if value is None else str(value)
