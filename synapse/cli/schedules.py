"""``synapse schedules``: create, list, show, history, next, pause, resume, trigger, delete."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from synapse.cli.session import connected, say

if TYPE_CHECKING:
    pass

app = typer.Typer(no_args_is_help=True, help="Begin runs at due times: make schedules, look at them, pause, resume and trigger them.")
Name = Annotated[str, typer.Argument(metavar="ID", help="The schedule's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
Cron = Annotated[str | None, typer.Option("--cron", help="Minute, hour, day of the month, month, day of the week: '30 7 * * MON-FRI'.")]
Every = Annotated[str | None, typer.Option("--every", help="Instead of --cron: a span such as 90s, 15m, 6h or 1d.")]
Anchor = Annotated[
    str | None, typer.Option("--anchor", help="With --every: a moment to count from, e.g. 2026-01-01T00:00:00Z. Default: now.")
]
Zone = Annotated[str, typer.Option("--zone", help="IANA time zone of the expression.")]
Count = Annotated[int, typer.Option("--count", min=1, max=100, help="Due times at most.")]


class OverlapChoice(StrEnum):
    """What happens while the last run is under way."""

    ALLOW = "allow"
    SKIP = "skip"


class CatchUpChoice(StrEnum):
    """What happens with what was missed."""

    NONE = "none"
    LATEST = "latest"
    ALL = "all"


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What you call it.")],
    cron: Cron = None,
    every: Every = None,
    anchor: Anchor = None,
    zone: Zone = "UTC",
    question: Annotated[str | None, typer.Option("--question", help="What to ask.")] = None,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Another workflow than research.")] = None,
    run_input: Annotated[str | None, typer.Option("--input", help="The run's input as JSON.")] = None,
    priority: Annotated[int | None, typer.Option("--priority", min=1, max=9, help="The runs' priority.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="Nothing is due before it: 2026-01-01T00:00:00Z.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Nothing is due after it.")] = None,
    overlap: Annotated[OverlapChoice, typer.Option("--overlap", help="While its last run is under way.")] = OverlapChoice.SKIP,
    catch_up: Annotated[CatchUpChoice, typer.Option("--catch-up", help="Of what was missed by more than a minute.")] = CatchUpChoice.LATEST,
    catch_up_limit: Annotated[int, typer.Option("--catch-up-limit", min=1, max=100, help="With all: so many at most.")] = 10,
    jitter: Annotated[float, typer.Option("--jitter", min=0, max=3600, help="Seconds by which runs may begin later.")] = 0.0,
    paused: Annotated[bool, typer.Option("--paused", help="Make it wait to be resumed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a schedule."""
    from synapse.cli.given import built, json_object, span
    from synapse.contracts.schedule import ScheduleRequest

    asked = {"workflow": workflow, "question": question, "input": json_object(run_input, "--input"), "priority": priority}
    timing = {"cron": cron, "every_seconds": span(every), "anchor": anchor, "time_zone": zone, "start_at": start, "end_at": end}
    policy = {"overlap": overlap.value, "catch_up": catch_up.value, "catch_up_limit": catch_up_limit, "jitter_seconds": jitter}
    run = {key: value for key, value in asked.items() if value is not None}
    request = built(ScheduleRequest, {"name": name, "run": run, "paused": paused, **timing, **policy})
    with connected() as api:
        made = api.create_schedule(request)
    say(
        made.model_dump_json() if as_json else f"{made.id} first due {made.next_due.isoformat() if made.next_due else 'when it is resumed'}"
    )


@app.command("list")
def listed(as_json: AsJson = False) -> None:
    """List schedules, by name."""
    from synapse.cli import consoles, schedules_view

    with connected() as api:
        found = api.schedules()
    if as_json:
        say(found.model_dump_json())
    else:
        consoles.out().print(schedules_view.table(found), soft_wrap=True)


@app.command("show")
def show(schedule: Name, as_json: AsJson = False) -> None:
    """Show a schedule and what became of its last due times."""
    from synapse.cli import consoles, schedules_view

    with connected() as api:
        found = api.schedule(schedule)
        history = None if as_json else api.schedule_history(schedule, limit=10)
    if history is None:
        say(found.model_dump_json())
    else:
        consoles.out().print(schedules_view.detail(found, history), soft_wrap=True)


@app.command("history")
def history(
    schedule: Name,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Rows at most.")] = 20,
    cursor: Annotated[str | None, typer.Option("--cursor", help="'next' of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what became of its due times, newest first."""
    from synapse.cli import consoles, schedules_view

    with connected() as api:
        page = api.schedule_history(schedule, limit=limit, cursor=cursor)
    if as_json:
        say(page.model_dump_json())
    else:
        consoles.out().print(schedules_view.history(page), soft_wrap=True)


@app.command("next")
def upcoming(
    schedule: Annotated[str | None, typer.Argument(metavar="ID", help="The schedule's id; without it --cron or --every.")] = None,
    cron: Cron = None,
    every: Every = None,
    anchor: Anchor = None,
    zone: Zone = "UTC",
    count: Count = 5,
    as_json: AsJson = False,
) -> None:
    """Say when it is due next, or when an expression would be."""
    from synapse.cli.exits import Usage
    from synapse.cli.given import built, span
    from synapse.contracts.schedule import Timing

    if (schedule is None) is (cron is None and every is None):
        raise Usage("give a schedule's id, or --cron or --every", remedy="synapse schedules next --help")
    timing = {"cron": cron, "every_seconds": span(every), "anchor": anchor, "time_zone": zone}
    with connected() as api:
        found = api.next_times(schedule, count=count) if schedule is not None else api.preview_times(built(Timing, timing), count=count)
    if as_json:
        say(found.model_dump_json())
    else:
        for moment, local in zip(found.times, found.local, strict=True):
            say(f"{moment:%Y-%m-%dT%H:%M:%SZ}  {local}")


@app.command("pause")
def pause(schedule: Name, as_json: AsJson = False) -> None:
    """Have nothing be due until it is resumed."""
    with connected() as api:
        found = api.pause_schedule(schedule)
    say(found.model_dump_json() if as_json else f"{found.id} paused")


@app.command("resume")
def resume(schedule: Name, as_json: AsJson = False) -> None:
    """Have what comes from now on be due again; what was due meanwhile is not caught up."""
    with connected() as api:
        found = api.resume_schedule(schedule)
    say(found.model_dump_json() if as_json else f"{found.id} next due {found.next_due.isoformat() if found.next_due else 'never'}")


@app.command("trigger")
def trigger(schedule: Name, as_json: AsJson = False) -> None:
    """Begin a run of it now; the run's id is on stdout."""
    with connected() as api:
        found = api.trigger_schedule(schedule)
    say(found.model_dump_json() if as_json else str(found.run))


@app.command("delete")
def delete(schedule: Name, as_json: AsJson = False) -> None:
    """Forget a schedule and its history; its runs stay."""
    with connected() as api:
        api.delete_schedule(schedule)
    say(json.dumps({"deleted": schedule}) if as_json else f"{schedule} deleted")
