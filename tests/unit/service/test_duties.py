from __future__ import annotations

from synapse.service import duties
from synapse.service.deliverer import Deliverer
from synapse.service.scheduler import Scheduler
from tests.unit.workbench import Workbench


def test_the_housekeeping_of_a_process_fires_and_delivers_however_often_it_is_told_to(bench: Workbench) -> None:
    duties.attach(bench.runtime)
    duties.attach(bench.runtime)
    assert [type(each) for each in bench.runtime.duties] == [Scheduler, Deliverer]
    assert bench.runtime.housekeeping()._duties == bench.runtime.duties
