from __future__ import annotations

from typing import Any

import pytest

from benchmarks.memory.page import page, thinned
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


def test_every_pool_is_weighed_with_tool_calls_and_without() -> None:
    pools = {kind.agent: {each.pool for each in KINDS if each.agent == kind.agent} for kind in KINDS if kind.agent}
    assert {pool[1] for pool in pools["load.plain"]} == {"solo", "threads", "prefork"}
    assert pools["load.tools"] == pools["load.plain"]


def test_weights_are_thinned_without_their_ends() -> None:
    weights = [Weight(tasks, 1.0) for tasks in range(100, 100_100, 100)]
    kept = thinned(weights)
    assert (kept[0], kept[-1]) == ((100, 1.0), (100_000, 1.0))
    assert len(kept) <= 101
    assert thinned(weights[:3]) == [(100, 1.0), (200, 1.0), (300, 1.0)]


def test_the_page_has_first_and_last_weight_and_the_slope_after_the_first_thousand_tasks() -> None:
    weights = [[100, 60.0], [1100, 70.0], [2100, 75.0], [3100, 72.0]]
    figures: dict[str, Any] = {
        "machine": "2 cores",
        "kinds": {"solo": {"processes": 1, "minutes": 12.3, "weights": weights}},
        "started": {"celery -A synapse worker": 84.4, "synapse worker": 64.2},
    }
    text = page(figures)
    assert "| solo | `-P solo` | 1 | 3,100 | 60.0 MB | 70.0 MB | 72.0 MB | 75.0 MB | +1000 |" in text
    assert "| threads |" not in text
    assert "Not measured yet: threads; prefork; " in text
    assert "`python -m benchmarks.memory`, on 2 cores, in 12 minutes" in text
    assert "20 MB smaller when it has just started (64 MB for 84 MB)" in text
