"""What each process here holds of the memory, and each agent's workers together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from synapse.cli import tables
from synapse.cli.processes import Process, served
from synapse.cli.text import seconds
from synapse.telemetry.control_socket import Report
from synapse.telemetry.memory import Memory

_MEGA = 1_000_000


def view(found: Sequence[Process]) -> RenderableType:
    """A row for each process, and one for each agent's workers where several processes serve it."""
    reports = [process.report for process in found if process.report is not None]
    listed = tables.table("process", "pid", "pss MB", "private MB", "rss MB", "swap MB", "threads", "up", "agents")
    for report in sorted(reports, key=_order):
        card = report.card
        up = seconds(card.uptime_seconds)
        kind = card.role if card.parent is None else f"{card.role} of {card.parent}"
        listed.add_row(kind, str(card.pid), *_cells(report.memory), str(card.threads), up, tables.last(served(report)))
    sums = tables.table("processes", "pss MB", "private MB", "rss MB", "swap MB", "together")
    for name, count, held in together(reports):
        sums.add_row(str(count), *_cells(held), tables.last(name))
    return Group(listed, Text(), sums)


def together(reports: Iterable[Report]) -> list[tuple[str, int, Memory]]:
    """Each agent's workers, or each other role, with the number of processes; those first that hold most."""
    groups: dict[str, list[Memory]] = {}
    for report in reports:
        groups.setdefault(served(report) or report.card.role, []).append(report.memory or Memory())
    sums = [(name, len(held), sum(held, Memory())) for name, held in groups.items()]
    return sorted(sums, key=lambda each: (-each[2].pss, each[0]))


def _order(report: Report) -> tuple[str, str, int, int]:
    # The processes of a pool below their worker.
    card = report.card
    return card.role, served(report), card.parent or card.pid, 0 if card.parent is None else card.pid


def _cells(held: Memory | None) -> list[str]:
    if held is None:
        return ["–"] * 4
    return [f"{number / _MEGA:.1f}" for number in (held.pss, held.private, held.rss, held.swap)]
