from __future__ import annotations

from synapse.service import duties
from synapse.service.scheduler import Scheduler
from tests.unit.workbench import Workbench


def test_the_housekeeping_of_a_process_fires_schedules_however_often_it_is_told_to(bench: Workbench) -> None:
    duties.attach(bench.runtime)
    duties.attach(bench.runtime)
    assert [type(each) for each in bench.runtime.duties] == [Scheduler]
    assert bench.runtime.housekeeping()._duties == bench.runtime.duties
