"""What the tenant used."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BeforeValidator

from synapse.api.dependencies import ServiceOf
from synapse.api.problems import declared
from synapse.contracts.principal import TENANT_PATTERN
from synapse.contracts.usage import UsageReport


def _written(value: object) -> object:
    """Refuse what only can be taken for a day: a number of seconds, a time."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
        raise ValueError("write it as 2026-11-23")
    return value


Day = Annotated[date, BeforeValidator(_written)]
router = APIRouter(prefix="/v1", tags=["usage"])


@router.get("/usage", responses=declared(400, 403))
def usage(
    service: ServiceOf,
    since: Annotated[Day | None, Query(description="The first day, in UTC; by default thirty days in all.")] = None,
    until: Annotated[Day | None, Query(description="The last day; by default today.")] = None,
    tenant: Annotated[str | None, Query(pattern=TENANT_PATTERN, description="Another tenant's, for an operator.")] = None,
) -> UsageReport:
    """Runs, steps, tokens, cost and bytes, day by day. A run's are those of the day on which it was started."""
    return service.usage.report(since, until, tenant)
