"""A worker killed between a due time and the run that is begun for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from synapse.contracts.principal import OPERATOR
from synapse.contracts.schedule import Firing, ScheduleRequest
from synapse.faults import POINTS
from synapse.service.schedules import ScheduleDesk
from tests.chaos.house import CHAIN, THINGS, House
from tests.chaos.matrix import proves
from tests.there import there
from tests.waiting import until


@proves(
    "worker killed that fires a schedule",
    "another worker keeps house when the lease of the first has run out, and fires the due time; where the run had been written, it is"
    " that one, and the reconciler sends its messages",
    "the run begins later; there is one for the due time",
    at={point: POINTS[point] for point in ("before-submit", "in-submit")},
    waits="the lease of the housekeeping, 10 s; hint grace, where the run had been written",
)
@pytest.mark.parametrize("point", ["before-submit", "in-submit"])
def test_a_due_time_whose_worker_was_killed_is_fired_once(house: House, took: Callable[[float], None], point: str) -> None:
    workflows = house.folder / "workflows"
    workflows.mkdir()
    (workflows / "chaos.yaml").write_text(CHAIN)
    settings = {"SYNAPSE_WORKFLOWS_DIR": str(workflows)}
    victim = house.workers.start(faults=[{"at": point, "do": "kill", "where": "schedule"}], **settings)
    house.workers.spawn(gate=house.gate, **settings)
    runtime = house.client.runtime
    runtime.engine = runtime.engine.model_copy(update={"workflows_dir": workflows})
    desk = ScheduleDesk(runtime, OPERATOR)
    soon = runtime.database.schedules.now() + timedelta(seconds=2)
    run = {"workflow": "chaos", "input": {**THINGS, "folder": str(house.folder)}}
    request = {"name": "hourly", "every_seconds": 3600, "anchor": soon.replace(microsecond=0), "run": run}
    schedule = desk.create(ScheduleRequest.model_validate(request))
    mark = house.mark()
    until(lambda: not victim.running, "it is dead")
    house.gate.touch()

    def fired() -> list[Firing]:
        return list(desk.history(schedule.id).firings)

    (firing,) = until(fired, "the firing")
    assert firing.due == schedule.next_due
    house.sound(there(firing.run, "run of the firing"))
    assert runtime.database.driver.rows("SELECT id FROM run", {}) == [(firing.run,)]
    assert len(fired()) == 1
    took(house.recovery(firing.run, mark))
