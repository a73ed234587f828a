from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from synapse.api.mcp_face import views
from synapse.contracts.run import Failure, RunDetail, RunPage, RunState, StepState, StepView

THEN = datetime(2026, 1, 1, tzinfo=UTC)
REPORT = {"outcome": "report", "counts": {"claims": 3}, "markdown": "0" * 64}


def _run(state: RunState, output: Any = None, **more: Any) -> RunDetail:
    return RunDetail(id="r", workflow="research", state=state, input={"question": "Why?"}, created_at=THEN, output=output, **more)


@pytest.mark.parametrize(
    ("state", "output", "said"),
    [
        (RunState.RUNNING, None, "wait_for_run with run=r"),
        (RunState.SUCCEEDED, REPORT, "read_report with run=r"),
        (RunState.SUCCEEDED, "text", "makes no report"),
        (RunState.FAILED, None, "started anew"),
        (RunState.CANCELLED, None, "started anew"),
    ],
)
def test_what_to_do_next_follows_from_the_state(state: RunState, output: Any, said: str) -> None:
    status = views.status(_run(state, output))
    assert said in status.next
    assert status.ended is state.terminal
    assert (status.report == "report://r") is (output == REPORT)
    assert status.next in views.show_status(status)


def test_steps_are_counted_and_those_at_work_named() -> None:
    states = [StepState.SUCCEEDED, StepState.RUNNING, StepState.RUNNING]
    steps = tuple(StepView(path=f"read[{at}]", agent="x", state=state, attempt=1, created_at=THEN) for at, state in enumerate(states))
    status = views.status(_run(RunState.RUNNING, steps=steps))
    assert (status.steps, status.at_work) == ({"succeeded": 1, "running": 2}, ("read[1]", "read[2]"))


def test_a_failure_and_a_page_are_told_in_few_words() -> None:
    failed = views.status(_run(RunState.FAILED, error=Failure(code="timeout", message="too slow")))
    assert "Error: timeout: too slow" in views.show_status(failed)
    page = views.lines(RunPage(runs=(_run(RunState.RUNNING),), next="c"))
    assert views.show_lines(page) == "r running research: Why?\nMore: list_runs with cursor=c"
    assert views.show_lines(views.lines(RunPage(runs=()))) == "No runs."
