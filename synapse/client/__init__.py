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
from synapse.contracts.bulk import BulkCancelRequest, BulkRequest, BulkResult
from synapse.contracts.catalogue import Validation, VersionList, WorkflowDiff, WorkflowView
from synapse.contracts.messages import Event
from synapse.contracts.report import Report
from synapse.contracts.run import RunDetail, RunFilter, RunPage, RunRequest, RunState
from synapse.contracts.schedule import Firing, Schedule, ScheduleRequest, Timing
from synapse.contracts.steps import StepDetail, StepPage
from synapse.contracts.verification import Verification
from synapse.contracts.waits import Signal, Waiting
from synapse.contracts.webhook import Delivery, Webhook, WebhookEvent, WebhookRequest

__all__ = [
    "AsyncClient",
    "BulkCancelRequest",
    "BulkRequest",
    "BulkResult",
    "Client",
    "ClientError",
    "Conflict",
    "Delivery",
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
    "RunFilter",
    "RunPage",
    "RunRequest",
    "RunState",
    "Schedule",
    "ScheduleRequest",
    "Signal",
    "StepDetail",
    "StepPage",
    "Timing",
    "TooMany",
    "Unauthorised",
    "Unreachable",
    "Validation",
    "Verification",
    "VersionList",
    "WaitedTooLong",
    "Waiting",
    "Webhook",
    "WebhookEvent",
    "WebhookRequest",
    "WorkflowDiff",
    "WorkflowView",
]
