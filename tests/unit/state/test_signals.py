"""What is told beyond `tests.integration.state.test_waits`, which asks both databases."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from synapse.errors import Unavailable
from synapse.state.signals import Signals
from tests.unit.state.house import House


def test_a_run_whose_steps_begin_to_wait_all_the_time_is_tried_a_few_times(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    run = house.begin({"wait_for": "w"})
    look, looks = Signals._candidates, count(1)

    def blind_at_first(*what: Any) -> Any:
        # As if the step began to wait between the look at it and the lock on its run, each time.
        return look(*what) if next(looks) % 2 == 0 else []

    monkeypatch.setattr(Signals, "_candidates", blind_at_first)
    with pytest.raises(Unavailable):
        house.signal(run, "w")
    assert house.states(run) == {"w": "parked"}
    assert next(looks) > 4, "it looked more than once"
