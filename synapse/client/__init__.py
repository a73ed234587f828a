"""The API for Python programs: ``Client`` waits for answers, ``AsyncClient`` does so on an event loop, and both are typed."""

from synapse.client.asynchronous import AsyncClient
from synapse.client.blocking import Client
from synapse.client.errors import (
    ClientError,
    Conflict,
    Failed,
    Invalid,
    NotFound,
    Problem,
    Refused,
    RunFailed,
    TooMany,
    Unauthorised,
    Unreachable,
    WaitedTooLong,
)
from synapse.contracts.messages import Event
from synapse.contracts.report import Report
from synapse.contracts.run import RunDetail, RunPage, RunRequest, RunState
from synapse.contracts.schedule import Firing, Schedule, ScheduleRequest, Timing
from synapse.contracts.verification import Verification

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "Conflict",
    "Event",
    "Failed",
    "Firing",
    "Invalid",
    "NotFound",
    "Problem",
    "Refused",
    "Report",
    "RunDetail",
    "RunFailed",
    "RunPage",
    "RunRequest",
    "RunState",
    "Schedule",
    "ScheduleRequest",
    "Timing",
    "TooMany",
    "Unauthorised",
    "Unreachable",
    "Verification",
    "WaitedTooLong",
]
