from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from synapse.contracts.principal import OPERATOR
from synapse.contracts.schedule import Schedule, ScheduleRequest
from synapse.errors import Unavailable
from synapse.service import scheduler as module
from synapse.service.scheduler import Scheduler
from synapse.service.schedules import ScheduleDesk
from synapse.settings import TenantSettings
from synapse.telemetry import metrics
from tests.unit.workbench import Workbench

DAY = 86_400


def counted(outcome: str) -> float:
    return float(metrics.SCHEDULE_FIRINGS.labels(outcome)._value.get())


def made(bench: Workbench, ago: float = 1.0, **more: Any) -> Schedule:
    """A schedule whose next due time was so many seconds ago."""
    run = {"workflow": "echo", "input": {"text": "tick"}}
    database = bench.runtime.database
    due = (database.schedules.now() - timedelta(seconds=ago)).replace(microsecond=0)
    asked = {"name": "x", "every_seconds": DAY, "anchor": due, "run": run, **more}
    schedule = ScheduleDesk(bench.runtime, OPERATOR).create(ScheduleRequest.model_validate(asked))
    database.driver.rows("UPDATE schedule SET due = :due, fire_at = :due WHERE id = :id", {"due": due.timestamp(), "id": schedule.id})
    return schedule


def history(bench: Workbench, schedule: Schedule) -> list[tuple[str, str | None]]:
    page = ScheduleDesk(bench.runtime, OPERATOR).history(schedule.id)
    return [(each.outcome.value, each.code) for each in reversed(page.firings)]


def test_what_is_due_is_begun_once_and_worked_off(bench: Workbench) -> None:
    schedule, before = made(bench), counted("fired")
    assert [Scheduler(bench.runtime)(), Scheduler(bench.runtime)()] == [1, 0]
    bench.work()
    (row,) = ScheduleDesk(bench.runtime, OPERATOR).history(schedule.id).firings
    assert row.run is not None
    run = bench.service.runs.get(row.run)
    assert (row.due, run.state, run.output) == (schedule.anchor, "succeeded", {"text": "tick"})
    assert counted("fired") == before + 1


def test_nothing_is_begun_before_it_is_due(bench: Workbench) -> None:
    schedule = made(bench, ago=-60.0)
    assert Scheduler(bench.runtime)() == 0
    assert history(bench, schedule) == []


def test_what_was_due_several_times_is_done_about_in_one_look(bench: Workbench) -> None:
    schedule = made(bench, ago=30.0, every_seconds=10, overlap="allow")
    Scheduler(bench.runtime)()
    assert history(bench, schedule)[:3] == [("fired", None)] * 3
    assert len({hint.run for hint in bench.pending.queue}) == len(history(bench, schedule))


def test_one_look_does_a_bounded_number(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    schedule = made(bench, ago=50.0, every_seconds=5, overlap="allow")
    assert Scheduler(bench.runtime)() == 3
    assert len(history(bench, schedule)) == 3


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        ("none", [("skipped", "missed")]),
        ("latest", [("skipped", "missed"), ("fired", None)]),
        ("all", [("skipped", "missed"), ("fired", None), ("fired", None)]),
    ],
)
def test_after_an_outage_what_was_missed_goes_by_the_policy(
    bench: Workbench, catch_up: str, expected: list[tuple[str, str | None]]
) -> None:
    before = counted("missed")
    schedule = made(bench, ago=9.5 * 3600, every_seconds=3600, catch_up=catch_up, catch_up_limit=2, overlap="allow")
    Scheduler(bench.runtime)()
    assert history(bench, schedule) == expected
    assert counted("missed") == before + 1
    found = ScheduleDesk(bench.runtime, OPERATOR).get(schedule.id)
    assert (found.next_due, found.last_due) == tuple(schedule.anchor + timedelta(hours=hours) for hours in (10, 9) if schedule.anchor)


def test_an_overlap_is_counted_and_begins_nothing(bench: Workbench) -> None:
    before = counted("overlap")
    schedule = made(bench, ago=15.0, every_seconds=10)
    Scheduler(bench.runtime)()
    assert history(bench, schedule) == [("fired", None), ("skipped", "overlap")]
    assert len(bench.pending.queue) == 1
    assert counted("overlap") == before + 1


def test_a_limit_of_the_tenant_refuses_a_firing_and_the_reason_is_kept(bench: Workbench) -> None:
    bench.runtime.tenants = TenantSettings(tenant_max_runs=1)
    schedule, before = made(bench, ago=15.0, every_seconds=10, overlap="allow"), counted("refused")
    Scheduler(bench.runtime)()
    assert history(bench, schedule) == [("fired", None), ("refused", "too-many-runs")]
    newest = ScheduleDesk(bench.runtime, OPERATOR).history(schedule.id).firings[0]
    assert "SYNAPSE_TENANT_MAX_RUNS is 1" in (newest.detail or "")
    assert counted("refused") == before + 1


def test_a_workflow_that_is_gone_refuses_the_firing_and_the_next_is_tried(bench: Workbench) -> None:
    schedule = made(bench)
    assert bench.runtime.engine.workflows_dir is not None
    (bench.runtime.engine.workflows_dir / "echo.yaml").unlink()
    Scheduler(bench.runtime)()
    assert history(bench, schedule) == [("refused", "not-found")]
    assert ScheduleDesk(bench.runtime, OPERATOR).get(schedule.id).next_due is not None


def test_what_nobody_foresaw_refuses_that_firing_and_not_the_others(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, good = made(bench, ago=2.0), made(bench, name="y")
    prepare = module.Runs.prepare

    def fails(self: Any, request: Any, *, run: str | None = None, **more: Any) -> Any:
        if not ScheduleDesk(bench.runtime, OPERATOR).history(broken.id).firings:
            raise RuntimeError("nobody foresaw it")
        return prepare(self, request, run=run, **more)

    monkeypatch.setattr(module.Runs, "prepare", fails)
    Scheduler(bench.runtime)()
    assert (history(bench, broken), history(bench, good)) == ([("refused", "internal")], [("fired", None)])


def test_a_schedule_that_this_machine_cannot_read_does_not_hold_up_the_others(bench: Workbench) -> None:
    unreadable, good = made(bench, ago=2.0), made(bench, name="y")
    sql = """UPDATE schedule SET body = json_set(body, '$.time_zone', 'Mars/Olympus') WHERE id = :id"""
    bench.runtime.database.driver.rows(sql, {"id": unreadable.id})
    with capture_logs() as logs:
        Scheduler(bench.runtime)()
    assert (history(bench, unreadable), history(bench, good)) == ([], [("fired", None)])
    assert [line["schedule"] for line in logs if line["event"] == "schedule.error"] == [unreadable.id]


def test_while_the_database_is_away_nothing_is_given_up(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = made(bench)

    def away(*_: Any) -> Any:
        raise Unavailable("the database restarts")

    with monkeypatch.context() as patch:
        patch.setattr(bench.runtime.database.firings, "settle", away)
        with pytest.raises(Unavailable):
            Scheduler(bench.runtime)()
    Scheduler(bench.runtime)()
    assert history(bench, schedule) == [("fired", None)]


def test_how_late_it_was_is_measured_from_the_due_time_with_its_jitter(bench: Workbench) -> None:
    def measured() -> float:
        return float(metrics.SCHEDULE_LATENESS_SECONDS._sum.get())

    schedule, before = made(bench, ago=40.0, jitter_seconds=30.0), measured()
    Scheduler(bench.runtime)()
    late = measured() - before
    assert schedule.anchor is not None
    drawn = module.jitter(schedule.id, schedule.anchor, 30.0).total_seconds()
    assert drawn > 0
    assert 39.0 - drawn < late
