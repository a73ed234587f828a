from __future__ import annotations

from synapse.state.records import STALE, Attempt, Hint, Outcome
from synapse.workflows.values import Rows
from tests.unit.state.house import foreach, program_of, step


def test_an_attempt_names_its_step_and_its_fence() -> None:
    node = program_of(foreach("f", step("m"))).nodes["m"]
    attempt = Attempt("r", node, (3,), 2, 0, {}, None, Rows())
    assert attempt.key == {"run": "r", "node": "m", "idx": "00003", "attempt": 2}
    assert attempt.place == "m[3]"


def test_a_stale_result_led_to_nothing() -> None:
    assert (STALE.recorded, STALE.hints, STALE.run_ended) == (False, (), False)


def test_a_result_led_on_when_something_is_ready_or_the_run_ended_well() -> None:
    assert not STALE.led_on
    assert not Outcome(recorded=True).led_on
    assert not Outcome(recorded=True, run_ended=True, failed=True).led_on
    assert Outcome(recorded=True, run_ended=True).led_on
    assert Outcome(recorded=True, hints=(Hint("r", "a", "echo", "d"),)).led_on
