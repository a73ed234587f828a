from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.console.pixels import delays
from synapse.contracts.messages import Event, MessageType

BEGUN = datetime(2026, 11, 23, 12, tzinfo=UTC)


def event(seq: int, after: float) -> Event:
    return Event(run="r", seq=seq, at=BEGUN + timedelta(milliseconds=after), type=MessageType.STATUS_UPDATE, name="step.started")


def test_only_events_that_came_while_somebody_watched_are_counted() -> None:
    opened = BEGUN.timestamp() * 1000 + 100
    # The first two were there when the page first showed the run: their age says nothing of the page.
    found = delays([event(1, 0), event(2, 50), event(3, 150), event(4, 155)], {1: opened, 2: opened, 3: opened + 70, 4: opened + 70})
    assert found == pytest.approx([20, 15], abs=0.01)
