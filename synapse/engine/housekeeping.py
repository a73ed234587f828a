"""What must be done once however many workers run: the reconciler's sweep, the relay of events to the topic exchange, and duties
that others hand in.

Every worker runs this thread; a lease in SQL decides whose does the work. The relay leaves its place with the lease, so
that the next holder goes on from there: an event is published at least once, in order within its run.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Protocol

import structlog

from synapse.engine.meter import EventMeter
from synapse.engine.publisher import Publisher
from synapse.engine.tenant_classes import TenantClasses
from synapse.errors import SynapseError
from synapse.faults import reach
from synapse.state.database import Database
from synapse.state.events import START, Cursor
from synapse.state.records import Sweep
from synapse.state.window import Window
from synapse.telemetry import metrics

_log = structlog.get_logger(__name__)


LEASE = "housekeeping"
_LEASE_SECONDS = 10.0
_RELAY_EVERY = 0.1
_PAGE = 500
_LEAVE_SECONDS = 5.0


class Duty(Protocol):
    """Something else to do at each sweep. It may raise, and is called again."""

    def __call__(self) -> object:
        """Do what there is to do; it must not take long, for others wait."""

    def close(self) -> None:
        """Stop what goes on by itself."""


class Housekeeping:
    """The thread; `start` and `stop` it with the worker."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        holder: str,
        reconcile_every: float = 1.0,
        window: Window | None = None,
        *,
        windowed: bool = False,
        duties: Sequence[Duty] = (),
        tenant_classes: Mapping[str, str] | None = None,
    ) -> None:
        self.database = database
        self.publisher = publisher
        self.holder = holder
        self.reconcile_every = reconcile_every
        self._window = window
        self._windowed = windowed
        self._duties = duties
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._cursor: Cursor = START
        self._leads = False
        self._behind = False
        self._renew_at = 0.0
        self._meter = EventMeter(TenantClasses(tenant_classes or {}, database.tenants.of))

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._keep, daemon=True, name="synapse-housekeeping")
        self._thread.start()

    def stop(self) -> None:
        """Publish what is there, give the lease back and stop."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(10)
        for duty in self._duties:
            self._done(duty.close)

    def _keep(self) -> None:
        sweep_at = 0.0
        while not self._closed.wait(0 if self._behind else _RELAY_EVERY if self._leads else self.reconcile_every):
            if not self._done(self._hold) or not self._leads:
                continue
            # Each by itself: events that cannot be published must not keep lost steps from being found, nor the other way round.
            if monotonic() >= sweep_at:
                sweep_at = monotonic() + self.reconcile_every
                self._done(self.sweep)
                for duty in self._duties:
                    self._done(duty)
            self._done(self.relay)
        self._leave()

    def _done(self, duty: Callable[[], object]) -> bool:
        """Do it; false when it failed, and then the lease, and the place left with it, are looked at again.

        No fault ends the thread: nobody else repairs what a crash leaves.
        """
        try:
            duty()
            return True
        except SynapseError as error:
            _log.warning("housekeeping.waits", error=str(error))
        except Exception:
            _log.exception("housekeeping.error")
        self._rest()
        return False

    def _hold(self) -> None:
        """Take the lease, or renew it when half of it is over."""
        if monotonic() < self._renew_at:
            return
        asked = monotonic()
        mine, note = self.database.leases.take(LEASE, self.holder, _LEASE_SECONDS)
        if not mine:
            self._rest()
            return
        if not self._leads:
            self._cursor = _read(note) if note else START
            _log.info("housekeeping.leads", holder=self.holder)
            if self._window is not None and not self._windowed:
                # There may have been limits until a moment ago, and steps that wait for room.
                self._window.disband()
        self._leads, self._renew_at = True, asked + _LEASE_SECONDS / 2
        metrics.RECONCILER_LEADER.set(1)

    def _rest(self) -> None:
        self._leads = self._behind = False
        self._renew_at = 0.0
        metrics.RECONCILER_LEADER.set(0)

    def _leave(self) -> None:
        until = monotonic() + _LEAVE_SECONDS
        while self._leads and self._done(self.relay) and self._behind and monotonic() < until:
            pass
        self._rest()
        # Also when the last round failed: the lease may be ours all the same, and giving it back when it is not changes nothing.
        self._done(lambda: self.database.leases.give(LEASE, self.holder))

    def sweep(self) -> Sweep:
        """One look at what a crash may have left; publishes what it found."""
        sweep = self.database.reconciler.sweep()
        reach("in-sweep", "repaired" if sweep.hints else "")
        hints = sweep.hints
        if self._window is not None and self._windowed:
            hints = (*self._window.admit(hints), *self._window.sweep())
        if self.publisher.hints(hints) < len(hints):
            self.database.ledger.unsent(hints)
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
        """Publish the next page of the events that were committed since the last time; how many.

        One page at a time: under load there is always another, and the lease and the sweep must have their turn.
        """
        events, cursor = self.database.events.follow(self._cursor, _PAGE)
        self._behind = False
        if not events or self.publisher.events(events) < len(events):
            return 0  # when the broker is away they are published once it is back
        reach("in-relay")
        self._cursor, self._behind = cursor, len(events) == _PAGE
        self.database.leases.leave(LEASE, self.holder, json.dumps(cursor))
        metrics.EVENTS_RELAYED.inc(len(events))
        self._meter(events)
        return len(events)


def _read(note: str) -> Cursor:
    position, run, seq = json.loads(note)
    return (int(position), str(run), int(seq))
