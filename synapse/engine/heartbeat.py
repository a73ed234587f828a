"""Leases of the steps that this process works on are renewed, and steps that lost theirs, or their time, are stopped.

A worker that was asked to stop waits for its steps, but not for ever: those that last longer are handed back.

An ``async`` agent is cancelled where it waits. A plain function cannot be stopped from within its process: in a prefork pool, whose
processes do one step at a time, the process is ended with it and the pool makes another; with threads it goes on, and what it gives
is refused.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

import structlog

from synapse.engine.stopping import Stopping
from synapse.errors import SynapseError
from synapse.state.ledger import Ledger
from synapse.state.records import Attempt

_log = structlog.get_logger(__name__)
_TICK = 0.5
"""Seconds between two looks at the steps that last. A cancelled one is found by the second after it began, or by the next."""


@dataclass(eq=False)
class Held:
    """An attempt under way. ``stop`` is called, from another thread, when it no longer counts, and ``late`` once after ``until``.
    ``hand_back`` gives it to another worker when this one is to stop.

    ``stuck`` says that only the end of its process can stop it.
    """

    attempt: Attempt
    since: float
    renewed: float
    stop: Callable[[], object] = field(default=lambda: None)
    lost: bool = False
    until: float = math.inf
    late: Callable[[], object] = field(default=lambda: None)
    hand_back: Callable[[], object] = field(default=lambda: None)
    stuck: bool = False


class Heartbeat:
    """One thread a process, started with the first step that lasts. Steps shorter than a tick cost nothing here."""

    def __init__(
        self,
        ledger: Ledger,
        end_process: Callable[[], object] | None = None,
        stopping: Stopping | None = None,
        stop_seconds: float = math.inf,
    ) -> None:
        self.ledger = ledger
        self.end_process = end_process
        self._stopping = stopping or Stopping()
        self._stop_seconds = stop_seconds
        self._held: set[Held] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        # A third of the lease: two beats may fail before anybody else takes the step.
        self._renew_every = ledger.lease / 3
        self._tick = min(_TICK, self._renew_every)

    @contextmanager
    def holding(self, attempt: Attempt) -> Iterator[Held]:
        """Keep the attempt's lease for as long as the block runs."""
        now = monotonic()
        held = Held(attempt, now, now)
        with self._lock:
            self._held.add(held)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, daemon=True, name="synapse-heartbeat")
                self._thread.start()
        try:
            yield held
        finally:
            with self._lock:
                self._held.discard(held)

    def close(self) -> None:
        """Stop the thread."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(5)

    def _beat(self) -> None:
        while not self._closed.wait(self._tick):
            now = monotonic()
            with self._lock:
                long = [held for held in self._held if now - held.since >= self._tick and not held.lost]
            due = [held for held in long if now - held.renewed >= self._renew_every and now < held.until]
            for renew, some in ((True, due), (False, [held for held in long if held not in due])):
                self._check(some, renew=renew, now=now)
            for held in [held for held in long if now >= held.until]:
                self._overrun(held)
            if self._stopping.seconds > self._stop_seconds:
                for held in [held for held in long if not held.lost]:
                    self._hand_back(held)

    def _overrun(self, held: Held) -> None:
        held.until = math.inf
        try:
            held.late()
        except Exception:
            # Not recorded: then its lease runs out, for it is not renewed.
            _log.exception("heartbeat.overrun")
        held.lost = True
        self._end(held)

    def _hand_back(self, held: Held) -> None:
        try:
            held.hand_back()
        except Exception:
            # Tried again with the next beat; and when the process is gone before that, the lease runs out.
            _log.exception("heartbeat.hand_back")
            return
        _log.info("step.handed_back", run=held.attempt.run, step=held.attempt.place, attempt=held.attempt.number)
        held.lost = True
        held.stop()
        self._end(held)

    def _end(self, held: Held) -> None:
        with self._lock:
            here = held in self._held
        if here and held.stuck and self.end_process is not None:
            _log.warning("step.killed", run=held.attempt.run, step=held.attempt.place, attempt=held.attempt.number)
            self.end_process()

    def _check(self, some: list[Held], *, renew: bool, now: float) -> None:
        if not some:
            return
        try:
            gone = self.ledger.beat([held.attempt for held in some], renew=renew)
        except SynapseError as error:
            _log.warning("heartbeat.failed", error=str(error))
            return
        except Exception:
            # The thread must outlive any fault: without it every step of this process would lose its lease.
            _log.exception("heartbeat.error")
            return
        for held in some:
            if held.attempt in gone:
                held.lost = True
                held.stop()
                self._end(held)
            elif renew:
                held.renewed = now
