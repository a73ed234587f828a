"""Several processes fire the same schedules, some are killed in the middle of it, and each due time is fired once: on both databases."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from synapse.contracts.principal import OPERATOR
from synapse.contracts.schedule import Schedule, ScheduleRequest
from synapse.engine.runtime import Runtime
from synapse.service.scheduler import Scheduler
from synapse.service.schedules import ScheduleDesk
from tests.integration.schedules.firer import runtime_of
from tests.services.process import ServerProcess
from tests.waiting import until

ROOT = Path(__file__).parents[3]
SCHEDULES, TIMES = 4, 25


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLite, then PostgreSQL."""
    return f"sqlite:///{tmp_path / 'state.db'}" if request.param == "sqlite" else str(request.getfixturevalue("tables_url"))


@pytest.fixture
def runtime(url: str, tmp_path: Path) -> Iterator[Runtime]:
    made = runtime_of(url, tmp_path)
    made.database.upgrade()
    yield made
    made.close()


def made(runtime: Runtime, name: str, ago: int = TIMES, **more: Any) -> Schedule:
    """A schedule that was due every second for so many seconds, and is not any more."""
    desk, database = ScheduleDesk(runtime, OPERATOR), runtime.database
    now = database.schedules.now().replace(microsecond=0)
    first = now - timedelta(seconds=ago)
    asked = {
        "name": name,
        "every_seconds": 1,
        "anchor": first,
        "overlap": "allow",
        "run": {"workflow": "echo", "input": {"text": name}},
        **more,
    }
    schedule = desk.create(ScheduleRequest.model_validate({**asked, "end_at": now + timedelta(days=1)}))
    body = schedule.model_dump(mode="json", include=ScheduleRequest.model_fields.keys() - {"name", "paused"})
    body["end_at"] = (first + timedelta(seconds=TIMES - 1)).isoformat()
    sql = "UPDATE schedule SET body = {json:body}, due = :first, fire_at = :first WHERE id = :id"
    database.driver.rows(sql, {"body": json.dumps(body), "first": database.driver.stored(first), "id": schedule.id})
    return desk.get(schedule.id)


class Firers:
    """Processes that begin when told to, those that were started meanwhile together."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home
        self.running: dict[str, ServerProcess] = {}

    def start(self, name: str, *rules: dict[str, Any]) -> None:
        (self.home / "go").unlink(missing_ok=True)
        faults = {"rules": list(rules), "marks": str(self.home), "who": name}
        env = {**os.environ, "PYTHONPATH": str(ROOT), **({"SYNAPSE_FAULTS": json.dumps(faults)} if rules else {})}
        command = [sys.executable, "-m", "tests.integration.schedules.firer", self.url, str(self.home), name]
        self.running[name] = ServerProcess(command, log=self.home / f"{name}.log", env=env)

    def go(self) -> None:
        for name, process in self.running.items():
            process.wait_until((self.home / f"ready-{name}").exists, name)
        (self.home / "go").touch()

    def ended(self) -> None:
        for name, process in self.running.items():
            until(lambda process=process: not process.running, f"end of {name}")


@pytest.fixture
def firers(url: str, tmp_path: Path) -> Iterator[Firers]:
    started = Firers(url, tmp_path)
    yield started
    for process in started.running.values():
        process.kill()


def fired(runtime: Runtime) -> dict[str, list[Any]]:
    """Due times that were fired, by schedule; fails when a run is missing or is one of none."""
    rows = runtime.database.driver.rows("SELECT schedule, due, outcome, run FROM firing ORDER BY schedule, due", {})
    assert {row[2] for row in rows} == {"fired"}
    runs = [row[3] for row in rows]
    assert sorted(runs) == [row[0] for row in runtime.database.driver.rows("SELECT id FROM run ORDER BY id", {})]
    found: dict[str, list[Any]] = {}
    for schedule, due, *_ in rows:
        found.setdefault(schedule, []).append(runtime.database.driver.moment(due))
    return found


def expected(schedules: list[Schedule]) -> dict[str, list[Any]]:
    return {each.id: [each.anchor + timedelta(seconds=n) for n in range(TIMES)] for each in schedules if each.anchor is not None}


def test_each_due_time_is_fired_once_by_several_processes(runtime: Runtime, firers: Firers, tmp_path: Path) -> None:
    schedules = [made(runtime, f"s{n}") for n in range(SCHEDULES)]
    for n in range(3):
        firers.start(f"f{n}")
    firers.go()
    firers.ended()
    assert fired(runtime) == expected(schedules)
    shares = [int((tmp_path / f"done-f{n}").read_text()) for n in range(3)]
    assert sum(shares) >= SCHEDULES * TIMES


def test_each_due_time_is_fired_once_though_processes_are_killed_before_and_after_the_commit(
    runtime: Runtime, firers: Firers, tmp_path: Path
) -> None:
    schedules = [made(runtime, f"s{n}") for n in range(SCHEDULES)]
    firers.start("before", {"at": "in-commit", "do": "kill", "nth": 4})
    firers.start("after", {"at": "in-submit", "do": "kill", "nth": 4})
    firers.start("whole")
    firers.go()
    firers.ended()
    while Scheduler(runtime)():  # the last one alive may have looked while one that died then held a row
        pass
    assert fired(runtime) == expected(schedules)


def test_whoever_is_alone_when_it_is_killed_leaves_what_it_had_not_committed_to_the_next(
    runtime: Runtime, firers: Firers, tmp_path: Path
) -> None:
    schedules = [made(runtime, "s")]
    for n, point in enumerate(("in-commit", "in-submit")):
        firers.start(f"k{n}", {"at": point, "do": "kill", "nth": 3})
        firers.go()
        firers.ended()
        assert not (tmp_path / f"done-k{n}").exists()
    firers.start("whole")
    firers.go()
    firers.ended()
    assert fired(runtime) == expected(schedules)
    # Two firings by the one that died in its third transaction, three by the one that died after it.
    assert int((tmp_path / "done-whole").read_text()) == TIMES - 2 - 3


def test_what_was_begun_by_one_that_died_before_it_could_tell_anybody_is_found_by_the_reconciler(runtime: Runtime, firers: Firers) -> None:
    schedule = made(runtime, "s")
    firers.start("killed", {"at": "in-submit", "do": "kill"})
    firers.go()
    firers.ended()
    (row,) = ScheduleDesk(runtime, OPERATOR).history(schedule.id).firings
    assert row.state == "running"
    assert runtime.database.reconciler.sweep().hints == ()
    runtime.database.driver.rows("UPDATE step SET due = {in:ago}", {"ago": -1.0})
    assert [hint.run for hint in runtime.database.reconciler.sweep().hints] == [row.run]
    assert ScheduleDesk(runtime, OPERATOR).get(schedule.id).next_due == row.due + timedelta(seconds=1)
