from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.contracts.schedule import Schedule, ScheduleRequest, Timing
from synapse.errors import InvalidInput, NotFound, TooManyRuns, TooManySchedules
from synapse.service.schedules import ScheduleDesk
from synapse.settings import TenantSettings
from tests.unit.workbench import Workbench

ECHO = {"workflow": "echo", "input": {"text": "tick"}}


def desk(bench: Workbench, tenant: str = "default") -> ScheduleDesk:
    return ScheduleDesk(bench.runtime, Principal(Tenant(tenant), "anna", frozenset({Scope.RUNS_WRITE})))


def request(**more: Any) -> ScheduleRequest:
    timing = {} if "cron" in more else {"every_seconds": 3600}
    return ScheduleRequest.model_validate({"name": "x", "run": ECHO, **timing, **more})


def limited(bench: Workbench, **limits: Any) -> None:
    bench.runtime.tenants = TenantSettings(**limits)


def test_a_schedule_is_due_first_after_it_was_made(bench: Workbench) -> None:
    made = desk(bench).create(request(cron="0 0 1 1 *"))
    assert made.next_due is not None
    assert (made.next_due.month, made.next_due.day, made.next_due > made.created_at) == (1, 1, True)
    assert made.created_by == "anna"


def test_an_interval_keeps_the_moment_it_is_counted_from(bench: Workbench) -> None:
    made = desk(bench).create(request())
    assert made.anchor is not None
    assert made.next_due == made.anchor + timedelta(hours=1)


def test_one_that_is_made_paused_is_due_once_it_is_resumed(bench: Workbench) -> None:
    made = desk(bench).create(request(paused=True))
    assert made.next_due is None
    resumed = desk(bench).resume(made.id)
    assert (resumed.paused, resumed.next_due is not None) == (False, True)
    assert desk(bench).resume(made.id) == resumed
    paused = desk(bench).pause(made.id)
    assert (paused.paused, paused.next_due) == (True, None)
    assert desk(bench).pause(made.id) == paused
    assert paused.model_copy(update={"updated_at": made.updated_at}) == made


def test_what_is_due_while_it_is_paused_is_not_caught_up(bench: Workbench) -> None:
    made = desk(bench).create(request(anchor="2026-01-01T00:00:00Z", catch_up="all"))
    desk(bench).pause(made.id)
    bench.runtime.database.driver.rows("UPDATE schedule SET last_due = 0", {})
    resumed = desk(bench).resume(made.id)
    assert resumed.next_due is not None
    assert resumed.next_due > resumed.updated_at


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"cron": "nonsense"}, "cron"),
        ({"cron": "0 0 * * *", "time_zone": "Nowhere"}, "time_zone"),
        ({"end_at": "2020-01-01T00:00:00Z"}, "end_at"),
        ({"run": {"workflow": "echo", "input": {}}}, "run.input"),
        ({"run": {"workflow": "echo", "input": {"text": 5}}}, "run.input.text"),
    ],
)
def test_what_cannot_be_begun_or_is_never_due_is_named(bench: Workbench, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk(bench).create(request(**wrong))
    assert caught.value.field == field
    kept = desk(bench).create(request(name="kept"))
    with pytest.raises(InvalidInput):
        desk(bench).replace(kept.id, request(**wrong))
    assert desk(bench).list().schedules == (kept,)


def test_a_workflow_that_is_not_there_is_named(bench: Workbench) -> None:
    with pytest.raises(NotFound) as caught:
        desk(bench).create(request(run={"workflow": "none"}))
    assert caught.value.field == "run.workflow"


def test_a_tenant_has_as_many_schedules_as_it_may(bench: Workbench) -> None:
    limited(bench, tenant_max_schedules=1)
    desk(bench).create(request())
    with pytest.raises(TooManySchedules) as caught:
        desk(bench).create(request(name="y"))
    assert caught.value.field == "SYNAPSE_TENANT_MAX_SCHEDULES"
    desk(bench, "other").create(request())


def test_a_replaced_schedule_is_another_one_under_its_id(bench: Workbench) -> None:
    made = desk(bench).create(request())
    found = desk(bench).replace(made.id, request(name="y", cron="0 0 * * *", time_zone="Europe/Berlin"))
    assert (found.id, found.name, found.cron, found.every_seconds) == (made.id, "y", "0 0 * * *", None)
    assert desk(bench).get(made.id) == found


def test_a_triggered_run_is_begun_and_sent_at_once(bench: Workbench) -> None:
    made = desk(bench).create(request(paused=True))
    firing = desk(bench).trigger(made.id)
    bench.work()
    assert firing.run is not None
    assert bench.service.runs.get(firing.run).output == {"text": "tick"}
    (row,) = desk(bench).history(made.id).firings
    assert (row.run, row.manual, row.state) == (firing.run, True, "succeeded")


def test_a_trigger_keeps_to_the_tenants_limits(bench: Workbench) -> None:
    made = desk(bench).create(request())
    limited(bench, tenant_max_runs=1)
    desk(bench).trigger(made.id)
    with pytest.raises(TooManyRuns):
        desk(bench).trigger(made.id)


def test_what_a_schedule_begins_may_be_gone_when_it_is_triggered(bench: Workbench) -> None:
    made = desk(bench).create(request())
    assert bench.runtime.engine.workflows_dir is not None
    (bench.runtime.engine.workflows_dir / "echo.yaml").unlink()
    bench.service.runs.catalog.names()
    with pytest.raises(NotFound) as caught:
        desk(bench).trigger(made.id)
    assert caught.value.field == "run.workflow"


def test_due_times_can_be_looked_at_before_and_after_a_schedule_is_made(bench: Workbench) -> None:
    timing = Timing(cron="30 7 * * *", time_zone="Europe/Berlin")
    seen = desk(bench).preview(timing, 3)
    made = desk(bench).create(request(cron="30 7 * * *", time_zone="Europe/Berlin", paused=True))
    assert desk(bench).next(made.id, 3) == seen
    assert len(seen.times) == 3
    assert all("T07:30:00+0" in local for local in seen.local)
    assert not desk(bench).list().schedules[0].next_due


def test_another_tenants_schedule_is_like_none(bench: Workbench) -> None:
    made: Schedule = desk(bench, "acme").create(request())
    stranger = desk(bench, "other")
    for ask in (
        stranger.get,
        stranger.pause,
        stranger.resume,
        stranger.delete,
        stranger.trigger,
        stranger.history,
        lambda schedule: stranger.next(schedule, 1),
        lambda schedule: stranger.replace(schedule, request()),
    ):
        with pytest.raises(NotFound):
            ask(made.id)
    assert stranger.list().schedules == ()
    assert desk(bench, "acme").get(made.id) == made
    desk(bench, "acme").delete(made.id)
    assert desk(bench, "acme").list().schedules == ()
