"""What a worker does besides tasks: housekeeping, its stop, its interpreter, the logger's queue, and a nudge for kombu's hub."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from celery import bootsteps, signals
from kombu import Consumer

from synapse.contracts.messages import Event
from synapse.engine import newer, topology
from synapse.engine.consuming import AckStep, ReadAheadStep
from synapse.engine.dead_letters import corpse_of
from synapse.engine.drift import PROBE, KeptQueue
from synapse.engine.reaping import ReapStep
from synapse.engine.stopping import Stopping
from synapse.errors import SynapseError

_log = structlog.get_logger(__name__)
_LOGGER_QUEUE = "synapse-logger"
_BATCH = 100
SWITCH_SECONDS = 0.002
YOUNG_OBJECTS = 10_000
"""New objects before Python's collector looks at them: a step makes a few thousand, nearly all gone by themselves when it ends."""
_BATCH_SECONDS = 0.2


class HousekeepingStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery ships no types
    """Runs the housekeeping thread in the worker's main process."""

    requires = {"celery.worker.components:Pool"}  # noqa: RUF012 - celery reads it as declared

    def __init__(self, worker: Any, **_: Any) -> None:
        self.housekeeping: Any = None

    def start(self, worker: Any) -> None:
        """Start the thread."""
        self.housekeeping = worker.app.runtime.housekeeping()
        self.housekeeping.start()

    def stop(self, worker: Any) -> None:
        """Stop the thread."""
        if self.housekeeping is not None:
            self.housekeeping.stop()
            self.housekeeping = None

    terminate = stop


class StopStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery ships no types
    """Tells the steps under way that the worker was asked to stop: as soon as the signal comes, for the solo pool has no other thread."""

    requires = {"celery.worker.components:Pool"}  # noqa: RUF012 - celery reads it as declared

    def __init__(self, worker: Any, **_: Any) -> None:
        self._stopping: Stopping = worker.app.runtime.stopping

    def start(self, worker: Any) -> None:
        """Listen to the signal."""
        self._stopping.forget()
        signals.worker_shutting_down.connect(self._ask)

    def _ask(self, **_: Any) -> None:
        self._stopping.ask()

    def stop(self, worker: Any) -> None:
        """Whoever ends a worker without a signal means the same."""
        self._stopping.ask()

    terminate = stop


class InterpreterStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery ships no types
    """Has threads take turns every two milliseconds instead of every five, and the collector leave alone what is there at the start.

    A step is a row of short waits for the database. After each the thread asks for the interpreter, and another that computes, the
    relay or the consumer, may keep it for a whole interval: with the default that is longer than the step itself. Much shorter ones
    cost more in switches than they save in waits.
    """

    def start(self, worker: Any) -> None:
        """Set it, for the whole process; an embedded worker lives in somebody else's, whose objects are not its to keep."""
        sys.setswitchinterval(SWITCH_SECONDS)
        if not worker.app.runtime.broker.embedded:
            gc.collect()
            gc.freeze()
            gc.set_threshold(YOUNG_OBJECTS)


class HubStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery ships no types
    """Wakes the hub whenever callbacks are ready.

    kombu 5.7 can go into poll() with callbacks waiting when they were added by other callbacks. With the solo pool those are
    the acknowledgements of everything prefetched: the broker delivers nothing more, and the worker stalls for up to a second.
    """

    requires = {"celery.worker.components:Hub"}  # noqa: RUF012 - celery reads it as declared

    def start(self, worker: Any) -> None:
        """Add the nudge."""
        hub = getattr(worker, "hub", None)
        if hub is not None and hasattr(hub, "_waker"):
            hub.on_tick.add(lambda: hub._waker.wake() if hub._ready and hub._waker else None)


class EventLogStep(bootsteps.ConsumerStep):  # type: ignore[misc] # celery ships no types
    """In a worker that serves the logger's queue: takes events off the topic exchange and hands them on in batches."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._batch: list[tuple[Event, Any]] = []
        self._lock = threading.Lock()
        self._timer: Any = None
        self._app = parent.app

    def include_if(self, parent: Any) -> bool:
        """Only where the logger's queue is consumed."""
        return _LOGGER_QUEUE in parent.app.amqp.queues.consume_from

    def get_consumers(self, channel: Any) -> list[Consumer]:
        """One consumer, a bounded number of events ahead."""
        queue = KeptQueue.of(topology.event_log_queue(self._app.runtime.broker.queue_type))
        return [Consumer(channel, queues=[queue], callbacks=[self._take], prefetch_count=2 * _BATCH, accept=["json"])]

    def start(self, parent: Any) -> None:
        """Consume, and flush what a timer finds."""
        super().start(parent)
        self._timer = parent.timer.call_repeatedly(_BATCH_SECONDS, self._flush)

    def stop(self, parent: Any) -> None:
        """Flush and stop."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._flush()
        finally:
            super().stop(parent)

    def _take(self, body: Any, message: Any) -> None:
        try:
            event = Event.model_validate(body)
        except ValueError as error:
            _log.warning("event.unreadable", error=str(error)[:300])
            message.reject()
            return
        with self._lock:
            self._batch.append((event, message))
            full = len(self._batch) >= _BATCH
        if full:
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            batch, self._batch = self._batch, []
        if not batch:
            return
        log: Callable[[list[Event]], None] = self._app.event_log
        try:
            log([event for event, _ in batch])
        except Exception:
            _log.exception("event_log.failed", events=len(batch))
        # An event that could not be logged is still in SQL; keeping it here would only block the ones behind it.
        for _, message in batch:
            message.ack()


class DeadLetterStep(bootsteps.ConsumerStep):  # type: ignore[misc] # celery ships no types
    """In a worker that serves the logger's queue: writes what other queues gave up into SQL, and only then acknowledges it.

    A letter that cannot be written stays unacknowledged and is tried again: the database may be away.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._waiting: list[Any] = []
        self._lock = threading.Lock()
        self._timer: Any = None
        self._runtime = parent.app.runtime

    def include_if(self, parent: Any) -> bool:
        """Only where the logger's queue is consumed, and where there is a broker that gives messages up."""
        return _LOGGER_QUEUE in parent.app.amqp.queues.consume_from and not parent.app.runtime.broker.embedded

    def get_consumers(self, channel: Any) -> list[Consumer]:
        """One consumer of messages as they are: one that nobody can decode is what to look at here."""
        queue = KeptQueue.of(topology.dead_letter_queue(self._runtime.broker.queue_type))
        return [Consumer(channel, queues=[queue], on_message=self._take, prefetch_count=_BATCH)]

    def start(self, parent: Any) -> None:
        """Consume, and write what a timer finds."""
        super().start(parent)
        self._timer = parent.timer.call_repeatedly(_BATCH_SECONDS, self._flush)

    def stop(self, parent: Any) -> None:
        """Stop; what is not acknowledged goes back to the queue."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._waiting.clear()
        super().stop(parent)

    def _take(self, message: Any) -> None:
        if (message.headers or {}).get(PROBE):
            message.ack()
            return
        with self._lock:
            self._waiting.append(message)

    def _flush(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        now = datetime.now(UTC)
        try:
            self._runtime.database.dead_letters.record([corpse_of(message, now) for message in waiting], now)
        except SynapseError as error:
            _log.warning("dead_letters.not_recorded", letters=len(waiting), error=str(error)[:300])
            with self._lock:
                self._waiting = [*waiting, *self._waiting]
            return
        for message in waiting:
            message.ack()


class GiveUpStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery is untyped
    """Lets a message that cannot be decoded go the way of all that are given up. Celery would acknowledge it, and it would be gone."""

    def include_if(self, parent: Any) -> bool:
        """On a broker that takes back what is given up; memory has no dead-letter exchange."""
        return not parent.app.runtime.broker.embedded

    def start(self, parent: Any) -> None:
        """Once the consumer is there."""

        def give_up(message: Any, error: BaseException) -> None:
            _log.error("message.not_decoded", error=type(error).__name__)
            message.reject()

        parent.on_decode_error = give_up


class NewAgentStep(bootsteps.StartStopStep):  # type: ignore[misc] # celery is untyped
    """Leaves steps of agents that this worker has not to one that has: a newer version may have more in the same queue."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._give_up = parent.on_unknown_task

    def start(self, parent: Any) -> None:
        """Once the consumer is there, and before it consumes."""

        def pass_on(body: Any, message: Any, error: Exception) -> None:
            reason = f"this worker has no agent for the task {message.headers.get('task')!r}"
            if newer.pass_on(parent.app.runtime.database.ledger, message, reason):
                message.ack_log_error(logging.getLogger(__name__), parent.connection_errors)
            else:
                self._give_up(body, message, error)

        parent.on_unknown_task = pass_on


def install(app: Any) -> None:
    """Add the steps to an application's workers."""
    app.steps["worker"].add(InterpreterStep)
    app.steps["worker"].add(HousekeepingStep)
    app.steps["worker"].add(StopStep)
    app.steps["worker"].add(HubStep)
    app.steps["worker"].add(ReapStep)
    app.steps["consumer"].add(ReadAheadStep)
    app.steps["consumer"].add(AckStep)
    app.steps["consumer"].add(GiveUpStep)
    app.steps["consumer"].add(NewAgentStep)
    app.steps["consumer"].add(EventLogStep)
    app.steps["consumer"].add(DeadLetterStep)
