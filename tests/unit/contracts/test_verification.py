from __future__ import annotations

import pytest
from pydantic import ValidationError

from synapse.contracts.verification import Revisited, Today, Verification


def test_a_source_is_in_one_of_four_states() -> None:
    assert [state.value for state in Today] == ["unchanged", "changed", "quotes_gone", "gone"]
    with pytest.raises(ValidationError):
        Revisited(number=1, url="u", today="somehow")  # type: ignore[arg-type] # that is the point


def test_without_fetching_there_are_no_sources() -> None:
    assert Verification.model_validate({"run": "r", "holds": True, "checks": []}).sources == ()
