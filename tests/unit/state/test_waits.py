"""What is told beyond `tests.integration.state.test_waits`, which asks both databases."""

from __future__ import annotations

from synapse.state.waits import FOREVER, began, parked
from synapse.workflows.advance import NewWait
from synapse.workflows.waits import PlannedWait
from tests.unit.state.house import foreach, program_of


def test_a_wait_is_due_after_its_seconds_at_its_moment_or_never_in_a_lifetime() -> None:
    node = program_of({"wait_for": "w"}).root
    assert parked(NewWait(node, (), PlannedWait("signal", "w", 60.0)), early=False)["seconds"] == 60.0
    assert parked(NewWait(node, (), PlannedWait("signal", "w")), early=False)["seconds"] == FOREVER
    assert parked(NewWait(node, (), PlannedWait("timer", until=5.0)), early=False)["until"] == 5.0
    at_once = parked(NewWait(node, (), PlannedWait("signal", "w", 60.0)), early=True)
    assert (at_once["seconds"], at_once["until"]) == (-1.0, None)


def test_the_event_of_a_wait_names_the_signal_as_it_is_sent() -> None:
    node = program_of(foreach("f", {"wait_for": "w", "signal": "paid"})).root.children[0]
    note = began(NewWait(node, (3,), PlannedWait("signal", "paid", 60.0, ask="Paid?")))
    assert (note.name, note.step, note.agent) == ("step.waiting", "w[3]", None)
    assert note.data == {"kind": "signal", "signal": "paid[3]", "seconds": 60.0, "ask": "Paid?"}
    timer = began(NewWait(node, (0,), PlannedWait("timer", until=0.0)))
    assert timer.data["until"] == "1970-01-01T00:00:00+00:00"
