from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from synapse.contracts.browsed import BrowsedPage

PAGE = {"url": "http://a.example/", "final_url": "http://a.example/", "text": "x", "fetched_at": datetime(2026, 1, 1, tzinfo=UTC)}


def test_a_page_of_a_server_that_vouches_for_nothing_is_untrusted() -> None:
    assert BrowsedPage.model_validate(PAGE).trust == "untrusted web content"


def test_nobody_makes_up_a_trust_of_their_own() -> None:
    with pytest.raises(ValidationError):
        BrowsedPage.model_validate({**PAGE, "trust": "trusted"})
