"""Counts runs and steps, and times them, from the events that pass the relay.

Every event passes it once, whichever worker wrote it, so nothing on the way of a step pays for it. Who takes the relay over does not
know what the one before saw: a wait or a run whose beginning it missed is counted and not timed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from synapse.contracts.messages import Event
from synapse.engine.tenant_classes import TenantClasses
from synapse.telemetry import metrics

K = TypeVar("K")
_MOST: Final = 20_000
"""Beginnings that are remembered of runs, and of steps: what is older is given up, not kept for ever."""


class EventMeter:
    """Takes events in the order of their commit."""

    def __init__(self, classes: TenantClasses | None = None, most: int = _MOST) -> None:
        self._classes = classes or TenantClasses.none()
        self._most = most
        self._runs: OrderedDict[str, datetime] = OrderedDict()
        self._ready: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def __call__(self, events: Sequence[Event]) -> None:
        """Count and time them."""
        classes = self._classes.of({event.run for event in events})
        for event in events:
            tenant_class = classes[event.run]
            kind, _, what = event.name.partition(".")
            if kind == "run":
                self._run(event, what, tenant_class)
            elif kind == "signal":
                metrics.SIGNALS.inc()
            elif "waited" in event.data:
                metrics.WAITS_ENDED.labels(event.data["waited"]["kind"], event.data["waited"]["ended"]).inc()
            elif event.step is not None and event.agent is not None and what != "progress":
                self._step(event, event.step, event.agent, what, tenant_class)
            for place in event.data.get("next", ()):
                self._remember(self._ready, (event.run, place), event.at)

    def _run(self, event: Event, what: str, tenant_class: str) -> None:
        if what in ("created", "resumed"):
            metrics.RUNS_STARTED.labels(what, tenant_class).inc()
            self._remember(self._runs, event.run, event.at)
            return
        metrics.RUNS_ENDED.labels(what, tenant_class).inc()
        began = self._runs.pop(event.run, None)
        if began is not None:
            metrics.RUN_SECONDS.labels(what, tenant_class).observe(max(0.0, (event.at - began).total_seconds()))

    def _step(self, event: Event, step: str, agent: str, what: str, tenant_class: str) -> None:
        metrics.STEPS.labels(agent, what, tenant_class).inc()
        if what == "started":
            ready = self._ready.pop((event.run, step), None)
            if ready is not None:
                metrics.STEP_WAIT_SECONDS.labels(agent).observe(max(0.0, (event.at - ready).total_seconds()))
        elif what in ("retrying", "lost"):
            self._remember(self._ready, (event.run, step), event.at + timedelta(seconds=float(event.data.get("retry_in", 0.0))))

    def _remember(self, where: OrderedDict[K, datetime], key: K, at: datetime) -> None:
        where[key] = at
        where.move_to_end(key)
        if len(where) > self._most:
            where.popitem(last=False)
