"""Runs as assistants see them: few fields, and what to do next."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any, Final

from pydantic import Field

from synapse.contracts.evidence import Frozen
from synapse.contracts.run import Failure, RunDetail, RunPage, RunState, RunView, StepState

_MOST_AT_WORK: Final = 8


class RunLine(Frozen):
    """A run on one line."""

    run: str = Field(description="The run's id.")
    workflow: str
    state: RunState
    question: str | None = None
    created_at: datetime
    finished_at: datetime | None = None


class RunStatus(RunLine):
    """Where a run stands."""

    ended: bool = Field(description="Whether nothing more happens by itself.")
    steps: dict[str, int] = Field(description="How many steps are in each state.")
    outcome: str | None = Field(default=None, description="Of a research run that succeeded: report, or no_evidence.")
    report: str | None = Field(default=None, description="URI of the report, once there is one.")
    at_work: tuple[str, ...] = Field(default=(), description="Steps that run now, some of them.")
    counts: dict[str, int] = Field(default_factory=dict, description="What is in the report: sentences, claims, sources, ...")
    error: Failure | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    next: str = Field(description="What to call next.")


class Started(RunStatus):
    """A run that was asked for."""

    created: bool = Field(description="False when an earlier call with the same idempotency key had started it.")


class RunLines(Frozen):
    """A page of runs, newest first."""

    runs: tuple[RunLine, ...]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


def report_uri(run: str) -> str:
    """The URI of a run's report."""
    return f"report://{run}"


def line(run: RunView) -> RunLine:
    """A run on one line."""
    return RunLine(**_common(run))


def lines(page: RunPage) -> RunLines:
    """A page of runs."""
    return RunLines(runs=tuple(map(line, page.runs)), next=page.next)


def status(run: RunDetail) -> RunStatus:
    """Where a run stands."""
    return RunStatus(**_detailed(run))


def started(run: RunDetail, created: bool) -> Started:
    """A run that was asked for."""
    return Started(**_detailed(run), created=created)


def has_report(run: RunDetail) -> bool:
    """Whether the run succeeded and its workflow makes a report."""
    return run.state is RunState.SUCCEEDED and isinstance(run.output, dict) and isinstance(run.output.get("markdown"), str)


def _common(run: RunView) -> dict[str, Any]:
    question = run.input.get("question")
    return {
        "run": run.id,
        "workflow": run.workflow,
        "state": run.state,
        "question": question if isinstance(question, str) else None,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
    }


def _detailed(run: RunDetail) -> dict[str, Any]:
    output = run.output if isinstance(run.output, dict) else {}
    counts = output.get("counts")
    at_work = [step.path for step in run.steps if step.state is StepState.RUNNING]
    return _common(run) | {
        "ended": run.state.terminal,
        "steps": dict(Counter(step.state.value for step in run.steps)),
        "outcome": str(output["outcome"]) if "outcome" in output else None,
        "report": report_uri(run.id) if has_report(run) else None,
        "at_work": tuple(at_work[:_MOST_AT_WORK]),
        "counts": {name: value for name, value in counts.items() if isinstance(value, int)} if isinstance(counts, dict) else {},
        "error": run.error,
        "labels": run.labels,
        "next": _next(run),
    }


def _next(run: RunDetail) -> str:
    if has_report(run):
        return f"read_report with run={run.id}"
    return {
        RunState.RUNNING: f"wait_for_run with run={run.id}; call it again until the run has ended",
        RunState.SUCCEEDED: "nothing: the workflow makes no report",
        RunState.FAILED: "nothing by itself: the run can be resumed over the HTTP API, or started anew",
        RunState.CANCELLED: "nothing by itself: the run can be resumed over the HTTP API, or started anew",
    }[run.state]


def show_line(run: RunLine) -> str:
    """A run on one line of text."""
    what = f": {run.question}" if run.question else ""
    return f"{run.run} {run.state} {run.workflow}{what}"


def show_lines(page: RunLines) -> str:
    """A page of runs as text."""
    more = [f"More: list_runs with cursor={page.next}"] if page.next else []
    return "\n".join([*map(show_line, page.runs), *more]) or "No runs."


def show_status(run: RunStatus) -> str:
    """Where a run stands, as text."""
    steps = ", ".join(f"{count} {state}" for state, count in sorted(run.steps.items()))
    parts = [show_line(run), f"Steps: {steps}" if steps else ""]
    if run.counts:
        parts.append(f"Outcome: {run.outcome}: " + ", ".join(f"{count} {name}" for name, count in run.counts.items()))
    if run.error is not None:
        parts.append(f"Error: {run.error.code}: {run.error.message}")
    return "\n".join([*filter(None, parts), f"Next: {run.next}"])
