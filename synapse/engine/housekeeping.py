"""What must be done once however many workers run: the reconciler's sweep, and the relay of events to the topic exchange.

Every worker runs this thread; a lease in SQL decides whose does the work. The relay leaves its place with the lease, so
that the next holder goes on from there: an event is published at least once, in order within its run.
"""

from __future__ import annotations

import json
import threading
from time import monotonic

import structlog

from synapse.engine.publisher import Publisher
from synapse.errors import SynapseError
from synapse.state.database import Database
from synapse.state.events import START, Cursor
from synapse.state.records import Sweep
from synapse.telemetry import metrics

_log = structlog.get_logger(__name__)

LEASE = "housekeeping"
_LEASE_SECONDS = 10.0
_RELAY_EVERY = 0.1


class Housekeeping:
    """The thread; `start` and `stop` it with the worker."""

    def __init__(self, database: Database, publisher: Publisher, holder: str, reconcile_every: float = 1.0) -> None:
        self.database = database
        self.publisher = publisher
        self.holder = holder
        self.reconcile_every = reconcile_every
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._cursor: Cursor = START
        self._leads = False

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._keep, daemon=True, name="synapse-housekeeping")
        self._thread.start()

    def stop(self) -> None:
        """Publish what is there, give the lease back and stop."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(10)

    def _keep(self) -> None:
        sweep_at = lease_until = 0.0
        while not self._closed.wait(_RELAY_EVERY if self._leads else self.reconcile_every):
            try:
                now = monotonic()
                if now >= lease_until - _LEASE_SECONDS / 2:
                    self._take()
                    lease_until = now + (_LEASE_SECONDS if self._leads else 0)
                if self._leads:
                    self.relay()
                    if now >= sweep_at:
                        sweep_at = now + self.reconcile_every
                        self.sweep()
            except SynapseError as error:
                _log.warning("housekeeping.waits", error=str(error))
                self._leads, lease_until = False, 0.0
            except Exception:
                # The thread must outlive any fault: nobody else repairs what a crash leaves.
                _log.exception("housekeeping.error")
                self._leads, lease_until = False, 0.0
        self._leave()

    def _take(self) -> None:
        mine, note = self.database.leases.take(LEASE, self.holder, _LEASE_SECONDS)
        if mine and not self._leads:
            self._cursor = _read(note) if note else START
            _log.info("housekeeping.leads", holder=self.holder)
        self._leads = mine
        metrics.RECONCILER_LEADER.set(int(mine))

    def _leave(self) -> None:
        if not self._leads:
            return
        try:
            self.relay()
            self.database.leases.give(LEASE, self.holder)
        except SynapseError as error:
            _log.warning("housekeeping.left", error=str(error))

    def sweep(self) -> Sweep:
        """One look at what a crash may have left; publishes what it found."""
        sweep = self.database.reconciler.sweep()
        self.publisher.hints(sweep.hints)
        metrics.HINTS_REPUBLISHED.inc(sweep.republished)
        metrics.LEASES_EXPIRED.inc(sweep.leases_expired)
        metrics.TIMERS_FIRED.inc(sweep.timers)
        metrics.STEPS_GIVEN_UP.inc(sweep.given_up)
        metrics.DEADLINES_PASSED.inc(sweep.deadlines)
        if sweep.republished or sweep.leases_expired or sweep.given_up or sweep.deadlines:
            found = {"republished": sweep.republished, "leases_expired": sweep.leases_expired}
            _log.warning("reconciler.repaired", **found, given_up=sweep.given_up, deadlines=sweep.deadlines)
        return sweep

    def relay(self) -> int:
        """Publish the events that were committed since the last time; how many."""
        count = 0
        while True:
            events, cursor = self.database.events.follow(self._cursor)
            if not events:
                return count
            if self.publisher.events(events) < len(events):
                return count  # the broker is away: they are published once it is back
            self._cursor = cursor
            self.database.leases.leave(LEASE, self.holder, json.dumps(cursor))
            metrics.EVENTS_RELAYED.inc(len(events))
            count += len(events)


def _read(note: str) -> Cursor:
    position, run, seq = json.loads(note)
    return (int(position), str(run), int(seq))
