"""Runs asked for through the API, one at a time, and what their steps say of where the time went."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from synapse.cli.client import Api
from synapse.contracts.run import RunDetail, RunRequest, RunState, StepView

CORPUS = "latency"


@dataclass(frozen=True)
class Asked:
    """One run as its client saw it."""

    seconds: float
    run: RunDetail


@dataclass(frozen=True)
class StepFigures:
    """One node of the workflow: medians over all its steps, in milliseconds; ``span`` is over the runs."""

    node: str
    agent: str
    a_run: float
    wait: float
    work: float
    span: float


def ask(api: Api, question: str, sources: int) -> Asked:
    """Submit, follow to the end, fetch the report. Raises AssertionError when the run did not succeed."""
    request = RunRequest(input={"question": question, "corpus": CORPUS, "max_sources": sources, "max_followups": 0})
    began = time.perf_counter()
    run = api.submit(request).id
    for _ in api.stream(run):
        pass
    found = api.run(run)
    if found.state is not RunState.SUCCEEDED:
        raise AssertionError(f"run {run} is {found.state}: {found.error}")
    api.report_as(run, "md")
    return Asked(time.perf_counter() - began, found)


def percentile(values: Iterable[float], share: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def per_step(runs: Sequence[RunDetail]) -> list[StepFigures]:
    """The nodes of the workflow in the order they start: how long they waited to be taken, and how long they worked."""
    steps: dict[str, list[list[StepView]]] = {}
    for run in runs:
        nodes: dict[str, list[StepView]] = {}
        for step in run.steps:
            nodes.setdefault(step.path.partition("[")[0], []).append(step)
        for node, members in nodes.items():
            steps.setdefault(node, []).append(members)
    found = [_figures(node, per_run) for node, per_run in steps.items()]
    return sorted(found, key=lambda each: min(step.created_at for step in steps[each.node][0]))


def _figures(node: str, per_run: list[list[StepView]]) -> StepFigures:
    every = [step for members in per_run for step in members]
    return StepFigures(
        node=node,
        agent=every[0].agent,
        a_run=len(every) / len(per_run),
        wait=statistics.median(_ms(step.created_at, step.started_at) for step in every),
        work=statistics.median(_ms(step.started_at, step.finished_at) for step in every),
        span=statistics.median(
            _ms(min(step.created_at for step in members), max(step.finished_at or step.created_at for step in members))
            for members in per_run
        ),
    )


def _ms(since: datetime | None, until: datetime | None) -> float:
    return (until - since).total_seconds() * 1000 if since and until else 0.0
