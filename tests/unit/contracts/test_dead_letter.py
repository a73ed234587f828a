from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from synapse.contracts.dead_letter import DeadLetter

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_a_letter_died_at_least_once_and_has_a_size() -> None:
    fields = {"id": "1", "queue": "q", "reason": "rejected", "died_at": NOW, "recorded_at": NOW}
    assert DeadLetter(**fields, count=1, size=0).run is None
    for wrong in ({"count": 0, "size": 0}, {"count": 1, "size": -1}):
        with pytest.raises(ValidationError):
            DeadLetter(**fields, **wrong)
