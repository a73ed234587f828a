"""Schedules: make one, change it, look at it, pause, resume, trigger."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from synapse.api.dependencies import ServiceOf, known_id
from synapse.api.problems import declared
from synapse.contracts.schedule import MOST_TIMES, DueTimes, Firing, FiringPage, Schedule, ScheduleList, ScheduleRequest, Timing

router = APIRouter(prefix="/v1/schedules", tags=["schedules"])


async def _schedule_id(schedule: Annotated[str, Path(description="The schedule's id.")]) -> str:
    return known_id(schedule, "schedule")


Name = Annotated[str, Depends(_schedule_id)]
Count = Annotated[int, Query(ge=1, le=MOST_TIMES, description="Due times at most.")]
_EXAMPLES: Final[dict[str, Any]] = {
    "weekly": {
        "summary": "On Mondays at half past seven in Berlin",
        "value": {
            "name": "weekly",
            "cron": "30 7 * * MON",
            "time_zone": "Europe/Berlin",
            "run": {"question": "What changed in PostgreSQL this week?"},
        },
    },
    "interval": {
        "summary": "Every six hours, and whatever an outage left out",
        "value": {
            "name": "six-hourly",
            "every_seconds": 21600,
            "catch_up": "all",
            "run": {"workflow": "research", "input": {"question": "What is new?", "max_sources": 4}, "priority": 3},
        },
    },
}
_TIMINGS: Final[dict[str, Any]] = {"cron": {"value": {"cron": "30 2 * * *", "time_zone": "Europe/Berlin"}}}


@router.post("", status_code=201, responses=declared(400, 404, 409, 413, 415, 429))
def create(request: Annotated[ScheduleRequest, Body(openapi_examples=_EXAMPLES)], service: ServiceOf, response: Response) -> Schedule:
    """Make a schedule: at each due time a run is begun, once, however many processes look."""
    made = service.schedules.create(request)
    response.headers["Location"] = f"/v1/schedules/{made.id}"
    return made


@router.get("", name="schedules")
def listed(service: ServiceOf) -> ScheduleList:
    """The first thousand schedules, by name."""
    return service.schedules.list()


@router.post("/preview", responses=declared(400, 413, 415))
def preview(timing: Annotated[Timing, Body(openapi_examples=_TIMINGS)], service: ServiceOf, count: Count = 10) -> DueTimes:
    """What would be due next. Nothing is made."""
    return service.schedules.preview(timing, count)


@router.get("/{schedule}", responses=declared(404))
def shown(schedule: Name, service: ServiceOf) -> Schedule:
    """One schedule."""
    return service.schedules.get(schedule)


@router.put("/{schedule}", responses=declared(400, 404, 409, 413, 415))
def replace(schedule: Name, request: ScheduleRequest, service: ServiceOf) -> Schedule:
    """Have it be another one from now on; its id and its history stay."""
    return service.schedules.replace(schedule, request)


@router.delete("/{schedule}", status_code=204, responses=declared(404))
def delete(schedule: Name, service: ServiceOf) -> None:
    """Forget a schedule and its history. Runs that it began stay, and go on."""
    service.schedules.delete(schedule)


@router.post("/{schedule}/pause", responses=declared(404))
def pause(schedule: Name, service: ServiceOf) -> Schedule:
    """Nothing is due until it is resumed."""
    return service.schedules.pause(schedule)


@router.post("/{schedule}/resume", responses=declared(404))
def resume(schedule: Name, service: ServiceOf) -> Schedule:
    """What is due from now on is fired again. What was due meanwhile is not."""
    return service.schedules.resume(schedule)


@router.post("/{schedule}/trigger", status_code=202, responses=declared(400, 404, 409, 429))
def trigger(schedule: Name, service: ServiceOf) -> Firing:
    """Begin a run of it now, also while it is paused or its last run is under way."""
    return service.schedules.trigger(schedule)


@router.get("/{schedule}/next", responses=declared(404))
def upcoming(schedule: Name, service: ServiceOf, count: Count = 10) -> DueTimes:
    """What is due next, were it not paused."""
    return service.schedules.next(schedule, count)


@router.get("/{schedule}/history", responses=declared(400, 404))
def history(
    schedule: Name,
    service: ServiceOf,
    limit: Annotated[int, Query(ge=1, le=200, description="Rows at most.")] = 50,
    cursor: Annotated[str | None, Query(max_length=100, description="``next`` of the page before.")] = None,
) -> FiringPage:
    """What became of its due times, newest first; the last thousand are kept."""
    return service.schedules.history(schedule, limit=limit, cursor=cursor)
