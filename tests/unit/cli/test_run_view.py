from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

from rich.console import Console, RenderableType

from synapse.cli import run_view
from synapse.contracts.run import Failure, RunDetail, RunPage, RunState, RunView, StepState, StepView

ID = "5f0c9f0e-5a0b-4b3c-9d53-0b7a4c2e8d11"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def _shown(thing: RenderableType) -> str:
    console = Console(file=StringIO(), width=100)
    console.print(thing, soft_wrap=True)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return] # a StringIO


def _view(**more: object) -> dict[str, object]:
    view = {"id": ID, "workflow": "research", "state": RunState.SUCCEEDED, "input": {"question": "Why " * 60}}
    return {**view, "created_at": BEGAN, "finished_at": BEGAN + timedelta(seconds=2), **more}


def test_an_id_is_never_cut_however_long_the_question_is() -> None:
    shown = _shown(run_view.page(RunPage(runs=(RunView.model_validate(_view()),), next="more")))
    assert ID in shown
    assert "succeeded" in shown
    assert "2.00 s" in shown
    assert "--cursor more" in shown


def test_no_runs_are_said_to_be_none() -> None:
    assert _shown(run_view.page(RunPage(runs=()))) == "no runs\n"


def test_a_run_is_shown_with_its_steps_and_why_they_failed() -> None:
    failure = Failure(code="permanent", message="no \x1b[2Jtext")
    step = StepView(
        path="read[0]",
        agent="extraction",
        state=StepState.FAILED,
        attempt=2,
        created_at=BEGAN,
        started_at=BEGAN,
        finished_at=BEGAN,
        error=failure,
    )
    shown = _shown(run_view.detail(RunDetail.model_validate(_view(state=RunState.FAILED, error=failure, steps=(step,)))))
    assert "read[0]" in shown
    assert shown.count("permanent: no [2Jtext") == 2
    assert "\x1b" not in shown


def test_what_a_run_waits_for_is_shown_with_the_command_that_answers() -> None:
    asked = {
        "step": "publish",
        "kind": "approval",
        "signal": "publish",
        "since": BEGAN,
        "until": BEGAN + timedelta(days=1),
        "ask": "Publish\x1b?",
    }
    step = StepView(path="publish", agent=None, state=StepState.WAITING, attempt=1, created_at=BEGAN)
    timer = {"step": "t", "kind": "timer", "since": BEGAN}
    shown = _shown(run_view.detail(RunDetail.model_validate(_view(state=RunState.RUNNING, steps=(step,), waiting_for=(asked, timer)))))
    assert "Publish?" in shown
    assert f"synapse runs approve {ID} publish" in shown
    assert "\x1b" not in shown
    assert "synapse runs" not in _shown(run_view.detail(RunDetail.model_validate(_view(state=RunState.RUNNING, waiting_for=(timer,)))))
