from __future__ import annotations

from datetime import UTC, datetime

import pytest

from synapse.cli.asking import succeeded
from synapse.cli.exits import Exit, RunFailed
from synapse.contracts.run import Failure, RunDetail, RunState


def _run(state: RunState, error: Failure | None = None) -> RunDetail:
    return RunDetail(id="r1", workflow="research", state=state, input={}, created_at=datetime.now(UTC), error=error)


def test_a_run_that_succeeded_is_passed_on() -> None:
    assert succeeded(_run(RunState.SUCCEEDED)).id == "r1"


def test_one_that_did_not_says_why_without_control_characters_and_how_to_go_on() -> None:
    with pytest.raises(RunFailed) as caught:
        succeeded(_run(RunState.FAILED, Failure(code="permanent", message="bad\x1b[2J page")))
    assert caught.value.detail == "the run failed: bad[2J page"
    assert "synapse runs resume r1" in (caught.value.remedy or "")
    assert caught.value.exit is Exit.RUN_FAILED
