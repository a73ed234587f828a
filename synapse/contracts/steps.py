"""The steps of a run one by one: what each was given and gave, and how each of its attempts went."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from synapse.contracts.evidence import Frozen
from synapse.contracts.run import Failure, StepState


class AttemptOutcome(StrEnum):
    """How an attempt ended. LOST: its worker fell silent. STOPPED: the run ended before it did."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"
    STOPPED = "stopped"


class AttemptView(Frozen):
    """One try of a step."""

    number: int
    outcome: AttemptOutcome
    worker: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    seconds: float | None = Field(default=None, description="From start to end.")
    error: Failure | None = None
    retry_in_seconds: float | None = Field(default=None, description="How long the next try was put off.")


class StepSummary(Frozen):
    """A step without what it was given and gave."""

    path: str = Field(description="Its place, e.g. 'read[3]'.", examples=["read[3]"])
    agent: str | None = Field(description="Null where no agent works: a timer, a wait for a signal, an approval.")
    state: StepState
    attempt: int = Field(description="How often it was claimed.")
    failures: int = Field(description="Attempts that ended in an error.")
    lost: int = Field(description="Attempts whose worker fell silent.")
    worker: str | None = Field(default=None, description="Who has or had the latest attempt.")
    created_at: datetime
    started_at: datetime | None = Field(default=None, description="When the latest attempt began.")
    finished_at: datetime | None = None
    waited_seconds: float | None = Field(default=None, description="From ready to the start of the latest attempt.")
    ran_seconds: float | None = Field(default=None, description="From the start of the latest attempt to the end.")
    error: Failure | None = None


class StepPage(Frozen):
    """One page of steps, by their place."""

    steps: tuple[StepSummary, ...]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


class StepDetail(StepSummary):
    """A step, whole."""

    input: dict[str, Any] | None = Field(
        default=None, description="What its expressions give: the agent's input. Null when they cannot be evaluated."
    )
    output: Any = None
    attempts: tuple[AttemptView, ...] = Field(default=(), description="Each try, the first one first.")
