"""A worker for all queues on a thread of this process, over memory or RabbitMQ."""

from __future__ import annotations

import threading
from typing import Any

from celery.worker import state

from synapse.engine.app import SynapseApp
from synapse.errors import Unavailable

_LONGEST_WAIT = 0.2


class EmbeddedWorker:
    """Celery's own worker, started and stopped by this process. One at a time: Celery keeps its stop flag in a module."""

    def __init__(self, app: SynapseApp, concurrency: int) -> None:
        # Pool threads look up the current app; without this they would find Celery's disabled default.
        app.set_current()
        app.set_default()
        self._stopping = app.runtime.stopping
        self._ready = threading.Event()
        self._worker: Any = app.WorkController(
            hostname="embedded@localhost",
            pool_cls="threads",
            concurrency=concurrency,
            ready_callback=self._on_ready,
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        self._thread = threading.Thread(target=self._worker.start, daemon=True, name="synapse-worker")

    def _on_ready(self, consumer: Any) -> None:
        # Celery asks whether it is to stop only between waits for messages, and twice waits for two seconds on its way out.
        drain = consumer.connection.drain_events
        consumer.connection.drain_events = lambda timeout=None: drain(timeout=_LONGEST_WAIT)
        self._ready.set()

    def start(self, timeout: float = 20.0) -> None:
        """Start, and wait until it consumes. Raises Unavailable when it does not in time."""
        state.should_stop = None
        self._thread.start()
        if not self._ready.wait(timeout):
            raise Unavailable(f"the worker was not ready within {timeout:g} seconds")

    def stop(self, timeout: float = 15.0) -> None:
        """Finish what is under way and stop."""
        self._stopping.ask()
        state.should_stop = 0
        self._thread.join(timeout)
        # While a step outlasts the time-out the flag stays, or the worker would take up new ones after all.
        if not self._thread.is_alive():
            state.should_stop = None
