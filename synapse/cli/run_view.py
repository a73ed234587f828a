"""Runs on a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from synapse.cli import tables
from synapse.cli.text import seconds, shown, shown_lines
from synapse.contracts.run import Failure, RunDetail, RunPage, RunView, StepView
from synapse.contracts.steps import StepDetail, StepPage

_COLOURS: Final = {
    "succeeded": "green",
    "running": "cyan",
    "ready": "cyan",
    "waiting": "yellow",
    "skipped": "yellow",
    "failed": "red",
    "cancelled": "yellow",
    "lost": "red",
    "stopped": "yellow",
}


def page(found: RunPage) -> RenderableType:
    """A page of runs as a table."""
    if not found.runs:
        return Text("no runs")
    table = tables.table("run", "state", "began", "took", "question")
    for run in found.runs:
        asked = str(run.input.get("question") or run.workflow)
        table.add_row(run.id, _state(run.state), f"{run.created_at.astimezone():%m-%d %H:%M:%S}", _took(run), tables.last(asked))
    more = Text(f"more: --cursor {found.next}", "bright_black") if found.next else Text("")
    return Group(table, more) if found.next else table


def detail(run: RunDetail) -> RenderableType:
    """A run and its steps."""
    head = Table.grid(padding=(0, 2))
    rows = {"run": run.id, "workflow": run.workflow, "question": shown(str(run.input.get("question", ""))), "took": _took(run)}
    rows["labels"] = shown(" ".join(f"{key}:{value}" for key, value in run.labels.items()))
    head.add_row(Text("state", "bright_black"), _state(run.state))
    for name, value in rows.items():
        if value:
            head.add_row(Text(name, "bright_black"), Text(value))
    if run.error is not None:
        head.add_row(Text("error", "bright_black"), Text(f"{run.error.code}: {shown(run.error.message)}", "red"))
    table = tables.table("step", "agent", "state", "tries", "took", "")
    for step in run.steps:
        table.add_row(step.path, step.agent or "–", _state(step.state), str(step.attempt), _took(step), _why(step.error))
    return Group(head, Text(), table, *_waiting(run))


def _waiting(run: RunDetail) -> list[RenderableType]:
    """What the run waits for, and how it is told."""
    if not run.waiting_for:
        return []
    table = tables.table("waits for", "kind", "until", "")
    for each in run.waiting_for:
        until = f"{each.until.astimezone():%m-%d %H:%M:%S}" if each.until is not None else ""
        table.add_row(each.signal or each.step, each.kind, until, tables.last(shown(each.ask or "")))
    signals = [each for each in run.waiting_for if each.signal is not None]
    if not signals:
        return [Text(), table]
    first = signals[0]
    verb = "approve" if first.kind == "approval" else "signal"
    more = "" if first.kind == "approval" else " --data JSON"
    return [Text(), table, Text(f"synapse runs {verb} {run.id} {first.signal}{more}", "bright_black")]


def steps(found: StepPage) -> RenderableType:
    """A page of steps as a table."""
    if not found.steps:
        return Text("no steps")
    table = tables.table("step", "agent", "state", "tries", "waited", "ran", "worker", "")
    for each in found.steps:
        waited, ran = (seconds(value) if value is not None else "" for value in (each.waited_seconds, each.ran_seconds))
        table.add_row(
            each.path, each.agent or "–", _state(each.state), str(each.attempt), waited, ran, shown(each.worker or ""), _why(each.error)
        )
    return Group(table, Text(f"more: --cursor {found.next}", "bright_black")) if found.next else table


def step(found: StepDetail) -> RenderableType:
    """A step and its attempts."""
    table = tables.table("try", "outcome", "began", "took", "worker", "")
    for each in found.attempts:
        took = seconds(each.seconds) if each.seconds is not None else ""
        began = f"{each.started_at.astimezone():%m-%d %H:%M:%S}"
        table.add_row(str(each.number), _state(each.outcome), began, took, shown(each.worker or ""), _why(each.error))
    head = Text.assemble((found.path, "bold"), f" {found.agent or '–'} ", _state(found.state))
    given = (
        part
        for name, value in (("input", found.input), ("output", found.output))
        for part in (Text(), Text(name, "bright_black"), _json(value))
    )
    return Group(head, Text(), table, *given)


def _json(value: object) -> Text:
    return Text(shown_lines(json.dumps(value, indent=2, ensure_ascii=False)))


def _why(error: Failure | None) -> Text:
    return tables.last(f"{error.code}: {error.message}", "yellow") if error else Text("")


def _state(state: str) -> Text:
    return Text(str(state), _COLOURS.get(str(state), ""))


def _took(thing: RunView | StepView) -> str:
    began = thing.started_at if isinstance(thing, StepView) else thing.created_at
    if began is None:
        return ""
    return seconds(((thing.finished_at or datetime.now(UTC)) - began).total_seconds())
