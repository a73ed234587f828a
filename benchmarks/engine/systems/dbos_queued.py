"""DBOS on PostgreSQL with the members of fan-outs on a queue, so that any worker may run them, as Celery and Synapse do."""

from __future__ import annotations

from typing import ClassVar

from benchmarks.engine.systems import dbos


class System(dbos.System):
    """Two processes that take runs and members."""

    workflow: ClassVar[str] = "queued"
    label = "as dbos, fan-outs through a queue"
