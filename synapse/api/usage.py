"""What the tenant used."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from synapse.api.dependencies import ServiceOf
from synapse.api.problems import declared
from synapse.contracts.principal import TENANT_PATTERN
from synapse.contracts.usage import UsageReport

router = APIRouter(prefix="/v1", tags=["usage"])


@router.get("/usage", responses=declared(400, 403))
def usage(
    service: ServiceOf,
    since: Annotated[date | None, Query(description="The first day, in UTC; by default thirty days in all.")] = None,
    until: Annotated[date | None, Query(description="The last day; by default today.")] = None,
    tenant: Annotated[str | None, Query(pattern=TENANT_PATTERN, description="Another tenant's, for an operator.")] = None,
) -> UsageReport:
    """Runs, steps, tokens, cost and bytes, day by day. A run's are those of the day on which it was started."""
    return service.usage.report(since, until, tenant)
