"""A run and its steps, as every face shows them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator, Field, JsonValue

from synapse.contracts.evidence import Frozen
from synapse.contracts.exact import Number, Whole
from synapse.contracts.labels import LabelFilter, Labels
from synapse.contracts.waits import Waiting
from synapse.contracts.workflow import LONGEST_WAIT


class RunState(StrEnum):
    """Where a run stands. All but RUNNING are terminal; a failed or cancelled run can be resumed."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether nothing more happens by itself."""
        return self is not RunState.RUNNING


class StepState(StrEnum):
    """Where a step stands. READY and WAITING are unclaimed; SKIPPED is a failure the workflow tolerates."""

    READY = "ready"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"


class Failure(Frozen):
    """Why a step or run failed, for programs (code) and people (message)."""

    code: str
    message: str


DEFAULT_PRIORITY: Final = 5


class RunRequest(Frozen):
    """What starts a run: a workflow's name and its input. ``question`` alone is shorthand for a research run."""

    workflow: str = Field(default="research", examples=["research"])
    input: dict[str, JsonValue] = Field(default_factory=dict, examples=[{"question": "How does asyncio schedule tasks?", "max_sources": 8}])
    question: str | None = Field(default=None, description="Shorthand for input.question.", examples=["How does asyncio schedule tasks?"])
    timeout_seconds: Number | None = Field(default=None, gt=0, le=LONGEST_WAIT, description="The run's deadline, from now.")
    priority: Whole = Field(
        default=DEFAULT_PRIORITY, ge=1, le=9, description="Of the steps that wait in a queue those of the highest are taken first."
    )
    labels: Labels = Field(default_factory=dict, description="What to find it by; they can be changed later.")


def _written(value: object) -> object:
    """Refuse a number: it could be seconds or milliseconds, of who knows which zone."""
    if isinstance(value, int | float) or (isinstance(value, str) and "-" not in value[1:]):
        raise ValueError("write it as 2026-11-23T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]


class RunFilter(Frozen):
    """Which runs: those that everything here is true of."""

    state: tuple[RunState, ...] = Field(default=(), max_length=8, description="In one of these states.")
    workflow: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]{0,62}$", description="Of this workflow.", examples=["research"])
    label: tuple[LabelFilter, ...] = Field(default=(), max_length=8, description="With all of these labels: ``key:value``, or ``key``.")
    created_after: Moment | None = Field(default=None, description="Created then or later.")
    created_before: Moment | None = Field(default=None, description="Created before then.")
    search: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="With all of these words in the question, whatever their case and accents; ``celer*`` is any word that begins so.",
        examples=["celery acknowledg*"],
    )


class RunQuery(RunFilter):
    """A page of runs."""

    limit: int = Field(default=50, ge=1, le=200, description="Runs at most.")
    cursor: str | None = Field(default=None, max_length=400, description="``next`` of the page before.")


class StepView(Frozen):
    """One step of a run."""

    path: str = Field(description="Its place, e.g. 'read[3]'.", examples=["read[3]"])
    agent: str | None = Field(description="Null where no agent works: a timer, a wait for a signal, an approval.")
    state: StepState
    attempt: int = Field(description="How often it was claimed.")
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    output: Any = None
    error: Failure | None = None


class RunView(Frozen):
    """A run without its steps."""

    id: str
    trace: str | None = Field(default=None, description="Id of its trace, where it is traced.")
    workflow: str
    state: RunState
    input: dict[str, Any]
    labels: dict[str, str] = Field(default_factory=dict)
    created_at: datetime
    finished_at: datetime | None = None
    deadline: datetime | None = None
    output: Any = Field(default=None, description="The value of the workflow's tree, once succeeded.")
    error: Failure | None = None


class RunDetail(RunView):
    """A run with every step."""

    workflow_version: int = Field(default=1, description="Of the definition that it was started with.")
    steps: tuple[StepView, ...] = ()
    waiting_for: tuple[Waiting, ...] = Field(default=(), description="What it waits for just now, longest first; empty once it has ended.")


class RunPage(Frozen):
    """One page of runs, newest first."""

    runs: tuple[RunView, ...]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
