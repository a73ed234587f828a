from __future__ import annotations

from synapse.contracts.usage import Amounts, DayUsage


def test_a_day_has_every_amount_that_the_total_has() -> None:
    assert DayUsage.model_fields.keys() - Amounts.model_fields.keys() == {"day"}
