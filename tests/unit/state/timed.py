"""A house with schedules whose due times a test chooses."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from synapse.contracts.principal import DEFAULT_TENANT, Tenant
from synapse.contracts.schedule import Schedule, ScheduleRequest
from synapse.state.firings import FIRED, Due, Settled, Verdict
from synapse.state.lifecycle import NewRun
from tests.unit.state.house import House, program_of, step

ECHO = program_of(step("say"))


def request(**more: Any) -> ScheduleRequest:
    return ScheduleRequest.model_validate({"name": "x", "every_seconds": 3600, "run": {"workflow": "echo"}, **more})


def made(house: House, due: datetime | None = None, tenant: Tenant = DEFAULT_TENANT, **more: Any) -> Schedule:
    """A schedule that is due at that moment, by default a second ago."""
    when = due if due is not None else now(house) - timedelta(seconds=1)
    asked = request(**{"name": uuid.uuid4().hex, **more})
    return house.database.schedules.add(tenant, str(uuid.uuid4()), asked, None if asked.paused else when, by="anna")


def now(house: House) -> datetime:
    return house.database.schedules.now().replace(microsecond=0)


def due(house: House) -> Due:
    """What waits longest."""
    return house.database.firings.due(1)[0]


def new_run(run: str | None = None, tenant: Tenant = DEFAULT_TENANT) -> NewRun:
    return NewRun(id=run or str(uuid.uuid4()), input={}, timeout=600.0, tenant=tenant)


def fire(house: House, each: Due, verdict: Verdict | None = None, run: str | None = None) -> Settled | None:
    """Fire it; it is due again an hour later."""
    return house.database.firings.settle(each, each.due + timedelta(hours=1), verdict or FIRED, (ECHO, new_run(run, each.tenant)))
