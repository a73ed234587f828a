"""Where a run's time went, from what is kept of its steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field
from rich.console import Group, RenderableType
from rich.text import Text

from synapse.cli import tables
from synapse.contracts.evidence import Frozen
from synapse.contracts.run import RunDetail, RunState, StepView


class Leg(Frozen):
    """One step of the critical path."""

    path: str
    agent: str | None = Field(description="Null where no agent works: what was waited for.")
    waited_seconds: float = Field(description="From ready to the latest attempt: the queue, and attempts that came to nothing.")
    ran_seconds: float = Field(description="The latest attempt.")


class AgentTime(Frozen):
    """What the steps of one agent took, added up; side by side they may take longer than the run."""

    agent: str | None = Field(description="Null for what no agent works at: timers, signals, approvals.")
    steps: int
    attempts: int
    waited_seconds: float
    ran_seconds: float
    longest_seconds: float = Field(description="The longest of the latest attempts.")
    path_seconds: float = Field(description="On the critical path, waiting and running: what the run would be shorter without it.")


class RunProfile(Frozen):
    """Where a run's time went. Of steps that have not ended nothing is counted."""

    run: str
    state: RunState
    seconds: float | None = Field(description="From creation to end; null while it is under way.")
    model_seconds: float = Field(description="Of the time that steps ran: spent waiting for the language model.")
    path: tuple[Leg, ...] = Field(description="The critical path: each step became ready when the one before it ended.")
    agents: tuple[AgentTime, ...] = Field(description="The one that the run would gain most from first.")


def profile_of(run: RunDetail) -> RunProfile:
    """The profile of a run as the API shows it."""
    ended = [step for step in run.steps if step.finished_at is not None and step.attempt > 0]
    path = [_leg(step) for step in critical(ended)]
    by_agent: dict[str | None, list[StepView]] = defaultdict(list)
    for step in ended:
        by_agent[step.agent].append(step)
    agents = [_agent_time(agent, steps, path) for agent, steps in by_agent.items()]
    return RunProfile(
        run=run.id,
        state=run.state,
        seconds=_between(run.created_at, run.finished_at) if run.finished_at is not None else None,
        model_seconds=max((_model_seconds(step.output) for step in ended), default=0.0),
        path=tuple(path),
        agents=tuple(sorted(agents, key=lambda each: (-each.path_seconds, -each.ran_seconds, each.agent or ""))),
    )


def critical(ended: Iterable[StepView]) -> list[StepView]:
    """The steps that the run's length is made of, in order: from the last one back, each time to the one whose end made it ready."""
    left = sorted(ended, key=_end)
    path: list[StepView] = []
    while left:
        path.append(left.pop())
        # A step becomes ready in the transaction that ends another one. What ended later had no part in it.
        left = [step for step in left if _end(step) <= path[-1].created_at]
    return path[::-1]


def _end(step: StepView) -> datetime:
    assert step.finished_at is not None  # noqa: S101 - only such are asked about
    return step.finished_at


def _leg(step: StepView) -> Leg:
    # What no agent works at has no start of its own: all of it is waiting.
    started = step.started_at if step.agent is not None and step.started_at is not None else _end(step)
    waited, ran = _between(step.created_at, started), _between(started, _end(step))
    return Leg(path=step.path, agent=step.agent, waited_seconds=waited, ran_seconds=ran)


def _agent_time(agent: str | None, steps: Sequence[StepView], path: Sequence[Leg]) -> AgentTime:
    legs = [_leg(step) for step in steps]
    return AgentTime(
        agent=agent,
        steps=len(steps),
        attempts=sum(step.attempt for step in steps),
        waited_seconds=_total(leg.waited_seconds for leg in legs),
        ran_seconds=_total(leg.ran_seconds for leg in legs),
        longest_seconds=max(leg.ran_seconds for leg in legs),
        path_seconds=_total(leg.waited_seconds + leg.ran_seconds for leg in path if leg.agent == agent),
    )


def _model_seconds(output: Any) -> float:
    """What an output carries on of the model's use: that of the run so far."""
    try:
        return float(output["model"]["usage"]["seconds"])
    except (KeyError, TypeError, ValueError):
        return 0.0


def _between(since: datetime, until: datetime) -> float:
    # Clocks of a database that failed over may go back.
    return round(max(0.0, (until - since).total_seconds()), 3)


def _total(seconds: Iterable[float]) -> float:
    return round(sum(seconds), 3)


def view(found: RunProfile) -> RenderableType:
    """The whole, each agent, and the critical path."""
    took = f"{found.seconds:.3f} s" if found.seconds is not None else "under way"
    model = f", {found.model_seconds:.3f} s of it with the language model" if found.model_seconds else ""
    agents = tables.table("agent", "steps", "tries", "waited s", "ran s", "longest s", "on the path s")
    for each in found.agents:
        seconds = (each.waited_seconds, each.ran_seconds, each.longest_seconds, each.path_seconds)
        agents.add_row(each.agent or "–", str(each.steps), str(each.attempts), *(f"{number:.3f}" for number in seconds))
    path = tables.table("critical path", "agent", "waited s", "ran s")
    for leg in found.path:
        path.add_row(leg.path, leg.agent or "–", f"{leg.waited_seconds:.3f}", f"{leg.ran_seconds:.3f}")
    return Group(Text(f"{found.state}: {took}{model}"), Text(), agents, Text(), path)
