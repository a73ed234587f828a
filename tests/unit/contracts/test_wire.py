from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from synapse.contracts import wire


def test_keys_of_ours_carry_our_prefix_and_the_trace_key_is_the_one_of_w3c() -> None:
    ours = [wire.RUN, wire.STEP, wire.AGENT, wire.ATTEMPT, wire.IDEMPOTENCY_KEY, wire.SECONDS_LEFT, wire.ERROR]
    assert all(re.fullmatch(r"synapse/[a-z-]+", key) for key in ours)
    assert wire.TRACEPARENT == "traceparent"


def test_a_fault_without_its_code_is_refused() -> None:
    with pytest.raises(ValidationError):
        wire.ToolFault.model_validate({"retryable": True, "message": "no code"})
