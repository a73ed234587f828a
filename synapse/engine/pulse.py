"""Whether a worker goes on: its loop beats, and an HTTP server tells of it and of what the worker counted.

A worker whose broker is away is alive, though not ready: to start it again would help nobody. One whose loop stands still with a
connection at hand is neither.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, Final

import structlog
from celery import bootsteps, signals

from synapse.engine.controlled import served, weigh
from synapse.settings import WorkerMetricsSettings
from synapse.telemetry.exposition import Exposition, forget_process

_log = structlog.get_logger(__name__)
_BEAT_SECONDS: Final = 1.0
_READY_SECONDS: Final = 15.0
_ALIVE_SECONDS: Final = 120.0


class Pulse:
    """When the worker's loop came round last, while it consumes."""

    def __init__(self) -> None:
        self._last: float | None = None

    def beat(self) -> None:
        """The loop came round."""
        self._last = monotonic()

    def rest(self) -> None:
        """Nothing is consumed: not yet, not any more, or the broker is away."""
        self._last = None

    def ready(self) -> bool:
        """Whether messages are taken."""
        return self._last is not None and monotonic() - self._last < _READY_SECONDS

    def alive(self) -> bool:
        """Whether the loop has not stood still for so long that only a restart helps."""
        return self._last is None or monotonic() - self._last < _ALIVE_SECONDS


class ExpositionStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery ships no types
    """Runs the HTTP server in the worker's main process, after the pool's processes were forked."""

    requires = {"celery.worker.components:Pool"}  # noqa: RUF012 - celery reads it as declared

    def __init__(self, worker: Any, **_: Any) -> None:
        worker.pulse = Pulse()
        self._exposition: Exposition | None = None

    def include_if(self, worker: Any) -> bool:
        """Only where a port is set, and not in the process that has an API of its own."""
        return WorkerMetricsSettings().worker_metrics_port is not None and not worker.app.runtime.broker.embedded

    def start(self, worker: Any) -> None:
        """Listen. Raises OSError when the port is taken."""
        settings = WorkerMetricsSettings()
        port = settings.worker_metrics_port or 0
        self._exposition = Exposition(
            settings.worker_metrics_host,
            port,
            alive=worker.pulse.alive,
            ready=worker.pulse.ready,
            look=lambda: weigh(served(worker.app)),
        )
        self._exposition.start()
        _log.info("worker.exposed", host=settings.worker_metrics_host, port=self._exposition.port)

    def stop(self, worker: Any) -> None:
        """Listen no more."""
        if self._exposition is not None:
            self._exposition.close()
            self._exposition = None

    terminate = stop


class PulseStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery ships no types
    """Beats from the loop that consumes; without a connection there is no beat."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **_: Any) -> None:
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        """Beat at once, and then with the loop's timer."""
        pulse: Pulse = parent.controller.pulse
        pulse.beat()
        self._timer = parent.timer.call_repeatedly(_BEAT_SECONDS, pulse.beat)

    def stop(self, parent: Any) -> None:
        """Rest."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        parent.controller.pulse.rest()


def install(app: Any) -> None:
    """Add the steps to an application's workers."""
    app.steps["worker"].add(ExpositionStep)
    app.steps["consumer"].add(PulseStep)
    signals.worker_process_shutdown.connect(lambda **_: forget_process(), weak=False, dispatch_uid="synapse-forget-process")
