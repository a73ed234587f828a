from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, RenderableType

from synapse.cli import schedules_view
from synapse.contracts.schedule import Firing, FiringOutcome, FiringPage, Schedule, ScheduleList

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def schedule(**more: Any) -> Schedule:
    given = {"id": "s1", "name": "x", "run": {"question": "Why?"}, "created_at": NOW, "created_by": "anna", "updated_at": NOW}
    return Schedule.model_validate({**given, **({} if "every_seconds" in more else {"cron": "0 3 * * *"}), **more})


def firing(**more: Any) -> Firing:
    return Firing.model_validate({"due": NOW, "at": NOW, "outcome": "fired", **more})


def drawn(thing: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(thing)
    return console.file.getvalue()  # type: ignore[attr-defined] # the StringIO above


def test_schedules_are_a_row_each_and_none_a_sentence() -> None:
    found = drawn(schedules_view.table(ScheduleList(schedules=(schedule(next_due=NOW, name="a \x1b[31mname"), schedule(paused=True)))))
    assert "0 3 * * *, UTC" in found
    assert "2026-01-02 03:04:05Z" in found
    assert "paused" in found
    assert "\x1b" not in found
    assert drawn(schedules_view.table(ScheduleList(schedules=()))) == "no schedules\n"


def test_an_interval_says_how_long_it_is() -> None:
    assert schedules_view.when(schedule(every_seconds=90)) == "every 90 s"


def test_what_became_of_due_times_says_why() -> None:
    page = FiringPage(
        firings=(
            firing(run="r1", state="failed", manual=True),
            firing(outcome=FiringOutcome.SKIPPED, code="missed", until=NOW),
            firing(outcome=FiringOutcome.REFUSED, code="too-many-runs", detail="1 runs are under way"),
            firing(run="r2"),
        ),
        next="2026-01-01",
    )
    found = drawn(schedules_view.detail(schedule(), page))
    assert "triggered, failed" in found
    assert "missed until 2026-01-02 03:04:05Z" in found
    assert "too-many-runs: 1 runs are under way" in found
    assert "r2" in found
    assert "gone" in found
    assert "more: --cursor 2026-01-01" in found
    assert "research Why?" in found
