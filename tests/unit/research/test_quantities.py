from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.research.quantities import differ, quantities, unmatched, without


def differing(one: str, other: str) -> bool:
    return differ(quantities(one), quantities(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5 GB", "5120 MB"),
        ("5 GB", "5000 MB"),
        ("two weeks", "14 days"),
        ("a 90-minute film", "a film of 1.5 hours"),
        ("1,200 rows", "1200 rows"),
        ("£2.5 million", "2,500,000 pounds"),
        ("45 pence", "£0.45"),
        ("10 per cent", "10%"),
        ("1 year", "12 months"),
        ("on 5 March 2024", "on 2024-03-05"),
        ("on 5 March", "on 2024-03-05"),
        ("in March 2024", "on 2024-03-05"),
        ("three rooms", "3 rooms"),
    ],
)
def test_the_same_in_another_unit_or_writing_does_not_differ(one: str, other: str) -> None:
    assert not differing(one, other)
    assert unmatched(quantities(one), quantities(other)) == ([], [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5 GB", "6 GB"),
        ("5 GB", "5121 KB"),
        ("two weeks", "15 days"),
        ("£20", "£21"),
        ("on 5 March 2024", "on 6 March 2024"),
        ("on 5 March", "on 2024-03-06"),
        ("on 31 March", "on 31 January"),
        ("two rooms", "4 rooms"),
        ("100 MB", "104 MB"),
    ],
)
def test_another_value_differs(one: str, other: str) -> None:
    assert differing(one, other)
    assert differing(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("5 kg", "6 metres"), ("£20", "$25"), ("5 working days", "6 days"), ("in version 3", "in version 4")]
)
def test_what_cannot_be_compared_does_not_differ(one: str, other: str) -> None:
    assert not differing(one, other)


def test_numbers_that_are_names_are_no_quantities() -> None:
    assert [item.least for item in quantities("In version 3.11 about 1,200 of 5 million rows")] == [1200, 5_000_000]


def test_a_sentence_without_its_quantities_keeps_its_words() -> None:
    assert without("Kept for 30 days until 5 March 2024 by us").split() == ["Kept", "for", "until", "by", "us"]


@given(st.lists(st.sampled_from(["5 GB", "5120 MB", "two weeks", "£20", "7 m", "12"]), max_size=5))
def test_the_order_of_quantities_makes_no_difference(parts: list[str]) -> None:
    assert not differing(" and ".join(parts), " and ".join(sorted(parts)))


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    assert not differing(text, text)
