from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from synapse.contracts.messages import Event, MessageType
from synapse.engine.meter import EventMeter
from synapse.engine.tenant_classes import TenantClasses

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def event(name: str, after: float, step: str | None = None, agent: str = "metered", run: str = "r", **data: Any) -> Event:
    at = BEGIN + timedelta(seconds=after)
    kind = MessageType.STATUS_UPDATE
    return Event(run=run, seq=1, at=at, type=kind, name=name, step=step, agent=agent if step else None, data=data)


class Counted:
    """What was counted since the test began."""

    def __init__(self) -> None:
        self._before = self._all()

    @staticmethod
    def _all() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        return {(each.name, tuple(sorted(each.labels.items()))): each.value for family in REGISTRY.collect() for each in family.samples}

    def __call__(self, name: str, **labels: str) -> float:
        now = {key: value for key, value in self._all().items() if key[0] == name and labels.items() <= dict(key[1]).items()}
        return sum(value - self._before.get(key, 0.0) for key, value in now.items())


@pytest.fixture
def counted() -> Counted:
    return Counted()


def test_a_run_is_timed_from_its_creation_to_its_end(counted: Counted) -> None:
    EventMeter()([event("run.created", 0), event("run.succeeded", 2.5)])
    assert counted("synapse_runs_started_total", how="created") == 1
    assert counted("synapse_runs_ended_total", state="succeeded") == 1
    assert counted("synapse_run_seconds_sum", state="succeeded") == pytest.approx(2.5)


def test_a_step_waits_from_the_event_that_made_it_ready_to_its_claim(counted: Counted) -> None:
    meter = EventMeter()
    meter([event("run.created", 0, next=["a"]), event("step.started", 0.5, "a"), event("step.succeeded", 3, "a", next=["b[0]", "b[1]"])])
    meter([event("step.started", 3.25, "b[0]"), event("step.started", 4, "b[1]")])
    assert counted("synapse_step_wait_seconds_count", agent="metered") == 3
    assert counted("synapse_step_wait_seconds_sum", agent="metered") == pytest.approx(0.5 + 0.25 + 1)
    assert counted("synapse_steps_total", agent="metered", state="started") == 3
    assert counted("synapse_steps_total", agent="metered", state="succeeded") == 1


def test_a_pause_before_a_retry_is_not_waiting_for_a_worker(counted: Counted) -> None:
    meter = EventMeter()
    meter([event("step.retrying", 1, "a", retry_in=5.0), event("step.started", 6.5, "a")])
    assert counted("synapse_step_wait_seconds_sum", agent="metered") == 0.5
    meter([event("step.lost", 40, "a"), event("step.started", 41, "a")])
    assert counted("synapse_step_wait_seconds_sum", agent="metered") == 1.5


def test_what_began_before_it_looked_is_counted_and_not_timed(counted: Counted) -> None:
    EventMeter()([event("step.started", 1, "a"), event("run.failed", 2)])
    assert counted("synapse_runs_ended_total", state="failed") == 1
    assert counted("synapse_run_seconds_count", state="failed") == 0
    assert counted("synapse_step_wait_seconds_count", agent="metered") == 0


def test_progress_is_no_state_of_a_step(counted: Counted) -> None:
    EventMeter()([event("step.progress", 1, "a")])
    assert counted("synapse_steps_total", agent="metered", state="progress") == 0


def test_runs_that_never_end_do_not_fill_the_memory() -> None:
    meter = EventMeter(most=10)
    meter([event("run.created", 0, run=str(i), next=["a", "b"]) for i in range(100)])
    assert len(meter._runs) == len(meter._ready) == 10


def test_a_clock_that_was_set_back_makes_no_negative_time(counted: Counted) -> None:
    EventMeter()([event("run.created", 5), event("run.cancelled", 2)])
    assert counted("synapse_run_seconds_sum", state="cancelled") == 0


def test_signals_are_counted_and_how_waits_ended(counted: Counted) -> None:
    waited = {"waited": {"kind": "approval", "ended": "signal"}}
    EventMeter()([event("signal.received", 1), event("step.succeeded", 2, "a", **waited), event("step.failed", 3, "b", **waited)])
    assert counted("synapse_signals_received_total") == 1
    assert counted("synapse_waits_ended_total", kind="approval", ended="signal") == 2


def test_runs_and_steps_are_told_apart_by_the_class_of_their_tenant(counted: Counted) -> None:
    whose = {"r1": "acme", "r2": "nobody"}
    meter = EventMeter(TenantClasses({"acme": "gold"}, lambda runs: {run: whose[run] for run in runs}))
    for run in whose:
        meter([event("run.created", 0, run=run), event("step.started", 1, "a", run=run), event("run.succeeded", 2, run=run)])
    for tenant_class in ("gold", "other"):
        assert counted("synapse_runs_started_total", how="created", tenant_class=tenant_class) == 1
        assert counted("synapse_steps_total", agent="metered", state="started", tenant_class=tenant_class) == 1
        assert counted("synapse_runs_ended_total", state="succeeded", tenant_class=tenant_class) == 1
        assert counted("synapse_run_seconds_sum", state="succeeded", tenant_class=tenant_class) == 2


def test_where_there_are_no_classes_everything_is_of_one(counted: Counted) -> None:
    EventMeter()([event("run.created", 0), event("run.succeeded", 1)])
    assert counted("synapse_runs_ended_total", state="succeeded", tenant_class="other") == 1
