"""Schedules on a terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from synapse.cli import tables
from synapse.cli.text import shown
from synapse.contracts.schedule import Firing, FiringPage, Schedule, ScheduleList

_COLOURS: Final = {"fired": "green", "skipped": "yellow", "refused": "red"}


def table(found: ScheduleList) -> RenderableType:
    """All of them, a row each."""
    if not found.schedules:
        return Text("no schedules")
    made = tables.table("id", "when", "next due", "last due", "name")
    for each in found.schedules:
        made.add_row(
            each.id,
            when(each),
            "paused" if each.paused else tables.utc(each.next_due, "never"),
            tables.utc(each.last_due, "never"),
            tables.last(each.name),
        )
    return made


def detail(schedule: Schedule, page: FiringPage) -> RenderableType:
    """One, and what became of its due times."""
    head = Table.grid(padding=(0, 2))
    what = schedule.run.question or schedule.run.input.get("question") or ""
    rows = {
        "schedule": schedule.id,
        "name": shown(schedule.name),
        "when": when(schedule),
        "next due": "paused" if schedule.paused else tables.utc(schedule.next_due, "never"),
        "overlap": schedule.overlap.value,
        "catch up": schedule.catch_up.value,
        "begins": shown(f"{schedule.run.workflow} {what}"),
    }
    for name, value in rows.items():
        head.add_row(Text(name, "bright_black"), Text(value))
    return Group(head, Text(), history(page))


def history(page: FiringPage) -> RenderableType:
    """What became of due times, newest first."""
    if not page.firings:
        return Text("nothing was due yet")
    made = tables.table("due", "outcome", "run", "")
    for each in page.firings:
        made.add_row(tables.utc(each.due), Text(each.outcome.value, _COLOURS[each.outcome.value]), each.run or "", tables.last(_why(each)))
    more = Text(f"more: --cursor {page.next}", "bright_black")
    return Group(made, more) if page.next else made


def when(schedule: Schedule) -> str:
    """``30 7 * * MON, Europe/Berlin`` or ``every 21600 s``."""
    return f"{shown(schedule.cron)}, {schedule.time_zone}" if schedule.cron is not None else f"every {schedule.every_seconds} s"


def _why(firing: Firing) -> str:
    if firing.run is not None:
        return f"{'triggered, ' if firing.manual else ''}{firing.state or 'gone'}"
    until = f" until {tables.utc(firing.until)}" if firing.until is not None else ""
    return f"{firing.code or ''}{until}{': ' if firing.detail else ''}{firing.detail or ''}"
