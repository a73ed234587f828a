"""``synapse usage``: what a tenant used, day by day."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from synapse.contracts.usage import UsageReport

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day in UTC, e.g. 2026-11-23.")]


def usage(
    since: Day = None,
    until: Day = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Another tenant's, for an operator.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Show what was used: runs, steps, tokens, cost and bytes, day by day; by default of the last thirty days."""
    from synapse.cli import consoles
    from synapse.cli.client import Api
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    with Api.from_settings() as api:
        found = api.usage(since=since.date() if since else None, until=until.date() if until else None, tenant=tenant)
    if as_json:
        sys.stdout.write(found.model_dump_json() + "\n")
    else:
        consoles.out().print(table(found), soft_wrap=True)


def table(found: UsageReport) -> RenderableType:
    """A row for each day, and the total."""
    from rich.table import Table

    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black")
    for name in ("day", "runs", "steps", "model calls", "tokens in", "tokens out", "cost", "bytes"):
        made.add_column(name, no_wrap=True, justify="left" if name == "day" else "right")
    for day, each in [*((str(each.day), each) for each in found.days), ("total", found.total)]:
        counts = (each.runs, each.steps, each.model_calls, each.tokens_in, each.tokens_out)
        made.add_row(day, *(f"{count:,}" for count in counts), f"{each.cost:g}", f"{each.bytes:,}")
    return made
