from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.research.dates import later, parse


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2024-03-05", "2024-03-05"),
        ("2024-03", "2024-03"),
        ("5 March 2024", "2024-03-05"),
        ("5th of March 2024", "2024-03-05"),
        ("March 5, 2024", "2024-03-05"),
        ("Mar. 2024", "2024-03"),
        ("31 March", "--03-31"),
        ("soon", ""),
        ("March", ""),
    ],
)
def test_a_date_is_iso_as_far_as_it_is_stated(written: str, iso: str) -> None:
    assert parse(written) == iso


def test_a_year_is_neither_before_nor_after_a_month_of_it() -> None:
    assert not later("2024", "2024-03")
    assert not later("2024-03", "2024")
    assert later("2025", "2024-03")
    assert not later("", "2024")


_DATES = st.from_regex(r"20[0-2][0-9](-0[1-9](-0[1-9])?)?", fullmatch=True)


@given(_DATES, _DATES)
def test_of_two_dates_at_most_one_is_later(one: str, other: str) -> None:
    assert not (later(one, other) and later(other, one))
