"""Queues and workers at a glance."""

from __future__ import annotations

from fastapi import APIRouter

from synapse.api.dependencies import InstallationOf
from synapse.contracts.operations import QueueList, WorkerList

router = APIRouter(prefix="/v1", tags=["operations"])


@router.get("/queues")
def queues(service: InstallationOf) -> QueueList:
    """Every queue: its messages and consumers by the broker, its steps and their age by SQL, its dead letters. Of all tenants together."""
    return service.operations.queues()


@router.get("/workers")
def workers(service: InstallationOf) -> WorkerList:
    """The workers that answer within a second, and what each does. Of all tenants together."""
    return service.operations.workers()
