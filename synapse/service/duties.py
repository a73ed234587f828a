"""What the housekeeping does besides the engine's own duties."""

from __future__ import annotations

from synapse.engine.runtime import Runtime
from synapse.service.deliverer import Deliverer
from synapse.service.scheduler import Scheduler


def attach(runtime: Runtime) -> None:
    """Have the housekeeping of a process fire schedules and deliver to webhooks."""
    runtime.duties = (Scheduler(runtime), Deliverer(runtime))
