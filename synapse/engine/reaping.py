"""Having a prefork pool notice at once that one of its processes has ended.

Celery looks when the process closes its end of a pipe, and then every five seconds. A process that is killed closes its files a
moment before it can be waited for: that first look often comes too soon, and its place stays empty until the next.
"""

from __future__ import annotations

from typing import Any, Final

from celery import bootsteps

SECONDS: Final = 0.2
"""Between two looks. One is a system call a process."""


class ReapStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery ships no types
    """Looks after the pool's processes more often."""

    requires = {"celery.worker.components:Pool"}  # noqa: RUF012 - celery reads it as declared

    def register_with_event_loop(self, worker: Any, hub: Any) -> None:
        """Called with each connection; the timers of the one before are gone."""
        # Every kind of pool has the method; one of processes sets its own when it starts.
        maintain = vars(worker.pool).get("maintain_pool")
        if maintain is not None:
            hub.call_repeatedly(SECONDS, maintain)
