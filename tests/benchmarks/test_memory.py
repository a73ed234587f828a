from __future__ import annotations

import pytest

from benchmarks.memory.weigh import KINDS, Weight, slope
from synapse.engine.registry import Registry


def test_the_slope_is_in_kilobytes_a_thousand_tasks_and_leaves_the_beginning_out() -> None:
    weights = [Weight(100, 10.0), *(Weight(tasks, 50 + tasks / 1000) for tasks in range(1000, 5000, 500))]
    assert slope(weights, 500) == pytest.approx(1000.0)
    assert slope(weights[:2], 500) == 0.0


def test_every_kind_has_a_workflow_that_compiles_and_the_seven_are_all_there() -> None:
    for kind in KINDS:
        kind.work()
    assert set(KINDS[-1].queues) == set(Registry.installed().queues())
