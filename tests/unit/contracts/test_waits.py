from __future__ import annotations

import pytest
from pydantic import ValidationError

from synapse.contracts.waits import Decision, SignalRequest


@pytest.mark.parametrize("given", [{}, {"approved": "maybe"}, {"approved": True, "comment": "x" * 2001}, {"approved": True, "why": "x"}])
def test_a_decision_is_yes_or_no_with_a_comment_of_bounded_length(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Decision.model_validate(given)


def test_a_signal_may_have_no_payload_but_nothing_beside_it() -> None:
    assert SignalRequest().payload is None
    with pytest.raises(ValidationError):
        SignalRequest.model_validate({"approved": True})
