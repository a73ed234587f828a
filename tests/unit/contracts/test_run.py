from __future__ import annotations

import pytest
from pydantic import ValidationError

from synapse.contracts.run import RunRequest, RunState


def test_only_a_running_run_goes_on_by_itself() -> None:
    assert [state.value for state in RunState if not state.terminal] == ["running"]


def test_a_request_needs_nothing_but_takes_nothing_unknown() -> None:
    assert RunRequest().workflow == "research"
    with pytest.raises(ValidationError, match="questoin"):
        RunRequest.model_validate({"questoin": "why"})


@pytest.mark.parametrize("seconds", [0, -1, 367 * 86400])
def test_a_deadline_is_ahead_and_within_a_year(seconds: float) -> None:
    with pytest.raises(ValidationError, match="timeout_seconds"):
        RunRequest(timeout_seconds=seconds)
