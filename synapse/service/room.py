"""Whether a tenant may start one more run: it is told so at once, rather than its runs pile up."""

from __future__ import annotations

import math
from typing import Final

from synapse.contracts.principal import Tenant
from synapse.engine.runtime import Runtime
from synapse.errors import BacklogFull, TooManyRuns

_SECONDS: Final = 5
_MOST_SECONDS: Final = 60
_REMEDY: Final = "try again when some of it has ended, or have the operator raise the limit"


def check_room(runtime: Runtime, tenant: Tenant, idempotency_key: str | None) -> None:
    """Raise TooManyRuns or BacklogFull when a limit is reached; not for a request that only repeats one with its key.

    Many that ask in the same instant may all be let in: the limits keep a tenant in bounds, they do not count to the last run.
    """
    limits = runtime.tenants
    if limits.tenant_max_runs is None and limits.tenant_max_backlog is None:
        return
    window = runtime.window
    if idempotency_key is not None and window.knows(tenant, idempotency_key):
        return
    if limits.tenant_max_runs is not None and (there := window.runs(tenant)) >= limits.tenant_max_runs:
        raise TooManyRuns(
            f"{there} runs are under way, and SYNAPSE_TENANT_MAX_RUNS is {limits.tenant_max_runs}",
            field="SYNAPSE_TENANT_MAX_RUNS",
            remedy=_REMEDY,
            retry_after=_SECONDS,
        )
    if limits.tenant_max_backlog is not None and (there := window.backlog(tenant)) >= limits.tenant_max_backlog:
        rate = limits.tenant_steps_per_second
        seconds = math.ceil((there - limits.tenant_max_backlog + 1) / rate) if rate is not None else _SECONDS
        raise BacklogFull(
            f"{there} steps wait, and SYNAPSE_TENANT_MAX_BACKLOG is {limits.tenant_max_backlog}",
            field="SYNAPSE_TENANT_MAX_BACKLOG",
            remedy=_REMEDY,
            retry_after=min(_MOST_SECONDS, max(1, seconds)),
        )
