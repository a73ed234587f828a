"""Traces of a worker: Celery's own instrumentation, started in the processes that run tasks and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from celery import bootsteps, signals

from synapse.telemetry import tracing

SERVICE: Final = "synapse-worker"


def start() -> None:
    """Trace the tasks of this process, if tracing is wanted."""
    if not tracing.configure(SERVICE):
        return
    from opentelemetry.instrumentation.celery import CeleryInstrumentor

    instrumentor = CeleryInstrumentor()  # type: ignore[no-untyped-call]
    if not instrumentor.is_instrumented_by_opentelemetry:
        _tell_threads_apart()
        instrumentor.instrument()


def _tell_threads_apart() -> None:
    """It keeps open spans by the task's id, and two messages about one step have the same, on two threads perhaps."""
    from opentelemetry.instrumentation.celery import utils

    def by_thread(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda task, task_id, *more, **options: function(task, f"{task_id}:{threading.get_ident()}", *more, **options)

    for name in ("attach_context", "retrieve_context", "detach_context"):
        setattr(utils, name, by_thread(getattr(utils, name)))


class TraceStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery ships no types
    """Starts tracing in the main process where that runs tasks; a prefork pool's children start their own."""

    requires = {"celery.worker.components:Pool"}  # noqa: RUF012 - celery reads it as declared

    def start(self, worker: Any) -> None:
        """Start, unless tasks are run by forked children: a thread that sends spans does not survive a fork."""
        if not worker.pool_cls.__module__.endswith(".prefork"):
            start()


def install(app: Any) -> None:
    """Have the application's workers trace."""
    app.steps["worker"].add(TraceStep)
    signals.worker_process_init.connect(lambda **_: start(), weak=False, dispatch_uid="synapse-trace")
    signals.worker_process_shutdown.connect(lambda **_: tracing.flush(), weak=False, dispatch_uid="synapse-trace-flush")
