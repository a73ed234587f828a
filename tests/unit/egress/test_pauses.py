from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.egress.pauses import retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), (" 0 ", 0.0), ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0), ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
                           ("soon", None), ("", None), ("-1", None), ("1.5", None), ("٣", None)]
)  # fmt: skip
def test_a_pause_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text())
def test_no_text_is_more_than_a_pause_or_none(value: str) -> None:
    found = retry_after(value, NOW)
    assert found is None or 0 <= found <= timedelta(days=400_000 * 365.25).total_seconds()
