from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from synapse.cli.run_profile import profile_of
from synapse.contracts.run import RunDetail, RunState, StepState, StepView

BEGAN = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def step(path: str, ready: float, started: float | None, ended: float | None, agent: str | None = "read", **more: Any) -> StepView:
    times = {"created_at": at(ready), "started_at": None if started is None else at(started), "finished_at": None}
    if ended is not None:
        times["finished_at"] = at(ended)
    return StepView(**{"path": path, "agent": agent, "state": StepState.SUCCEEDED, "attempt": 1, **times, **more})


def run(*steps: StepView, ended: float | None = None) -> RunDetail:
    return RunDetail(
        id="r",
        workflow="w",
        state=RunState.RUNNING if ended is None else RunState.SUCCEEDED,
        input={},
        created_at=BEGAN,
        finished_at=None if ended is None else at(ended),
        steps=steps,
    )


PLAN = step("plan", 0, 0.5, 1, "plan")
READ = [step("read[0]", 1, 1, 3), step("read[1]", 1, 4, 6, attempt=3), step("read[2]", 1, 1, 2)]


def test_the_critical_path_goes_over_the_last_member_of_a_fan_out_and_adds_up_to_the_run() -> None:
    found = profile_of(run(PLAN, *READ, step("write", 6, 6.25, 8, "write"), ended=8))
    assert [leg.path for leg in found.path] == ["plan", "read[1]", "write"]
    assert sum(leg.waited_seconds + leg.ran_seconds for leg in found.path) == found.seconds == 8


def test_an_agent_has_the_sum_of_its_steps_and_the_one_that_holds_the_run_up_is_first() -> None:
    found = profile_of(run(PLAN, *READ, ended=6))
    assert [each.agent for each in found.agents] == ["read", "plan"]
    read = found.agents[0]
    assert (read.steps, read.attempts, read.waited_seconds, read.ran_seconds) == (3, 5, 3, 5)
    assert (read.longest_seconds, read.path_seconds) == (2, 5)


def test_what_no_agent_works_at_is_all_waiting() -> None:
    found = profile_of(run(PLAN, step("publish", 1, 1, 5, None), ended=5))
    assert [(leg.agent, leg.waited_seconds, leg.ran_seconds) for leg in found.path] == [("plan", 0.5, 0.5), (None, 4, 0)]


def test_of_a_run_under_way_what_has_ended_is_told() -> None:
    found = profile_of(run(PLAN, step("read[0]", 1, 2, None), step("read[1]", 1, None, None, attempt=0)))
    assert found.seconds is None
    assert [leg.path for leg in found.path] == ["plan"]
    assert profile_of(run()).path == ()


def test_the_models_time_is_what_the_last_output_carries_of_it() -> None:
    used = [step(path, 0, 0, 1, output={"model": {"usage": {"seconds": seconds}}}) for path, seconds in (("a", 1.5), ("b", 4.25))]
    assert profile_of(run(*used, step("c", 1, 1, 2, output=["model"]))).model_seconds == 4.25
