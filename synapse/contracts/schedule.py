"""A schedule as every face shows it: when a run of what is begun, and what became of each due time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import AwareDatetime, Field

from synapse.contracts.evidence import Frozen
from synapse.contracts.exact import Flag, Number, Whole
from synapse.contracts.run import RunRequest, RunState

_YEAR: Final = 366 * 86_400
MOST_CAUGHT_UP: Final = 100
MOST_TIMES: Final = 100


class Overlap(StrEnum):
    """What happens at a due time while the schedule's last run is still under way."""

    ALLOW = "allow"
    SKIP = "skip"


class CatchUp(StrEnum):
    """What happens with due times at which nobody was there to fire."""

    NONE = "none"
    LATEST = "latest"
    ALL = "all"


class FiringOutcome(StrEnum):
    """What became of a due time."""

    FIRED = "fired"
    SKIPPED = "skipped"
    REFUSED = "refused"


class Timing(Frozen):
    """When something is due: by a cron expression, or every so many seconds."""

    cron: str | None = Field(
        default=None,
        max_length=200,
        description="Five fields, minute to day of the week, by the clock of the time zone. This or every_seconds.",
        examples=["30 7 * * MON-FRI"],
    )
    every_seconds: Whole | None = Field(
        default=None, ge=1, le=_YEAR, description="Seconds from one due time to the next, whatever clocks show."
    )
    anchor: AwareDatetime | None = Field(
        default=None, description="With every_seconds: a moment that is due, and from which the others are counted; by default now."
    )
    time_zone: str = Field(default="UTC", max_length=64, description="IANA name.", examples=["Europe/Berlin"])
    start_at: AwareDatetime | None = Field(default=None, description="Nothing is due before it.")
    end_at: AwareDatetime | None = Field(default=None, description="Nothing is due after it.")
    jitter_seconds: Number = Field(
        default=0.0, ge=0, le=3600, description="A run begins up to so much later, by an amount that each due time keeps."
    )


class ScheduleRequest(Timing):
    """What a schedule is to be."""

    name: str = Field(
        min_length=1, max_length=100, description="What the tenant calls it; no two of its schedules alike.", examples=["weekly"]
    )
    run: RunRequest = Field(description="What is begun each time.")
    paused: Flag = Field(default=False, description="Whether it waits to be resumed.")
    overlap: Overlap = Field(default=Overlap.SKIP, description="allow, or skip while the schedule's last run is under way.")
    catch_up: CatchUp = Field(
        default=CatchUp.LATEST,
        description="Of due times that were missed by more than a minute: none is fired, the latest one if nothing was due since, or all.",
    )
    catch_up_limit: Whole = Field(default=10, ge=1, le=MOST_CAUGHT_UP, description="With all: so many at most, the newest.")


class Schedule(ScheduleRequest):
    """One schedule."""

    id: str
    created_at: datetime
    created_by: str
    updated_at: datetime
    next_due: datetime | None = Field(default=None, description="Null while it is paused, and once nothing is due any more.")
    last_due: datetime | None = Field(default=None, description="The last due time that something became of.")
    last_run: str | None = Field(default=None, description="The run that it began last.")


class ScheduleList(Frozen):
    """Every schedule of a tenant, by name."""

    schedules: tuple[Schedule, ...]


class DueTimes(Frozen):
    """What is due next, in UTC and as the clocks of the time zone show it."""

    times: tuple[datetime, ...]
    local: tuple[str, ...]


class Firing(Frozen):
    """What became of one due time, or of all from ``due`` to ``until``."""

    due: datetime
    until: datetime | None = Field(default=None, description="The last one, where several were missed together.")
    outcome: FiringOutcome
    manual: bool = Field(default=False, description="Whether somebody triggered it.")
    code: str | None = Field(default=None, description="Why nothing was begun: missed, overlap, or the code of an error.")
    detail: str | None = None
    at: datetime = Field(description="When that was decided.")
    run: str | None = None
    state: RunState | None = Field(default=None, description="Where the run stands.")


class FiringPage(Frozen):
    """One page of a schedule's history, newest first."""

    firings: tuple[Firing, ...]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
