from __future__ import annotations

import pytest
from pydantic import ValidationError

from synapse.contracts.found import EvidencePage


def test_a_page_says_how_much_was_looked_through_and_takes_no_unknown_field() -> None:
    assert EvidencePage(claims=(), searched=3).next is None
    with pytest.raises(ValidationError):
        EvidencePage.model_validate({"claims": [], "searched": 1, "found": 2})
