from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from synapse.contracts.api_key import KeyRequest
from synapse.contracts.principal import Scope


def test_a_key_reads_and_writes_runs_for_ninety_days_unless_something_else_is_asked_for() -> None:
    asked = KeyRequest(name="x")
    assert (asked.scopes, asked.expires_in_days, asked.tenant) == ({Scope.RUNS_READ, Scope.RUNS_WRITE}, 90.0, None)


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["root"]}, {"expires_in_days": 0}, {"tenant": "A"}, {"more": 1}]
)
def test_what_a_key_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        KeyRequest.model_validate({"name": "x", **wrong})
