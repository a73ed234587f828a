from __future__ import annotations

import pytest

from synapse.tools.chat import Refused, Unreachable
from synapse.tools.outcome import Outcome


@pytest.mark.parametrize(
    ("status", "outcome", "busy", "broken"),
    [
        (400, Outcome.REJECTED, False, False),
        (401, Outcome.DENIED, False, False),
        (404, Outcome.UNKNOWN_MODEL, False, False),
        (429, Outcome.RATE_LIMITED, True, False),
        (503, Outcome.RATE_LIMITED, True, False),
        (500, Outcome.SERVER_ERROR, False, True),
        (501, Outcome.SERVER_ERROR, False, True),
    ],
)
def test_a_status_says_what_a_refusal_counts_as_and_whether_to_come_back(status: int, outcome: Outcome, busy: bool, broken: bool) -> None:
    error = Refused(status, "key-secret is wrong", 1.0)
    assert (error.outcome, error.busy, error.broken) == (outcome, busy, broken)
    assert str(status) in str(error)
    assert "key-secret" not in str(error)


def test_a_server_that_cannot_be_reached_is_an_outcome_of_its_own() -> None:
    assert Unreachable().outcome is Outcome.UNREACHABLE
