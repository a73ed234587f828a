"""A worker may be asked what it does and what it holds: by its control socket, and by a metric for the queues that it serves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from celery import bootsteps, signals

from synapse.telemetry import memory, metrics
from synapse.telemetry.control_socket import ControlSocket

_ROLE = "worker"


def served(app: Any) -> tuple[str, ...]:
    """The queues that this worker takes steps from."""
    return tuple(sorted(app.amqp.queues.consume_from))


def weigh(queues: Sequence[str]) -> None:
    """Have the metric tell what this process and those of its pool hold just now."""
    for kind, held in memory.of_family().model_dump().items():
        metrics.WORKER_MEMORY.labels(",".join(queues), kind).set(held)


class ControlStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery ships no types
    """Opens the socket in the worker's main process, after those of a pool were forked."""

    requires = {"celery.worker.components:Pool"}  # noqa: RUF012 - celery reads it as declared

    def __init__(self, worker: Any, **_: Any) -> None:
        self._socket: ControlSocket | None = None

    def include_if(self, worker: Any) -> bool:
        """Not in the process of `synapse up`, which has one for all of it."""
        return not worker.app.runtime.broker.embedded

    def start(self, worker: Any) -> None:
        """Answer."""
        self._socket = ControlSocket(_ROLE, queues=served(worker.app)).open()

    def stop(self, worker: Any) -> None:
        """Answer no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    terminate = stop


class _Child:
    """The socket of a process of a prefork pool, which is what does the steps there."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._socket: ControlSocket | None = None

    def begin(self, **_: Any) -> None:
        self._socket = ControlSocket(_ROLE, parent=os.getppid(), queues=served(self._app)).open()

    def end(self, **_: Any) -> None:
        if self._socket is not None:
            self._socket.close()


def install(app: Any) -> None:
    """Add the step to an application's workers, and sockets to the processes of their pools."""
    app.steps["worker"].add(ControlStep)
    child = _Child(app)
    signals.worker_process_init.connect(child.begin, weak=False, dispatch_uid="synapse-control")
    signals.worker_process_shutdown.connect(child.end, weak=False, dispatch_uid="synapse-control-end")
