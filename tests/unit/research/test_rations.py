from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.research.rations import rationed

_pages = st.integers(0, 70)


@given(st.integers(0, 10**9), _pages, _pages, _pages)
def test_two_looks_that_take_all_they_may_take_no_more_than_the_budget(budget: int, first: int, later: int, second: int) -> None:
    early = rationed(budget, first, later=later)
    late = rationed(early.left, second)
    assert min(early.each, early.left, late.each, late.left) >= 0
    assert first * early.each + early.left == budget
    assert first * early.each + second * late.each <= budget


@given(st.integers(0, 10**9), _pages, st.integers(1, 70))
def test_a_later_look_has_no_smaller_shares_than_the_first(budget: int, first: int, later: int) -> None:
    early = rationed(budget, first, later=later)
    assert rationed(early.left, later).each >= early.each


def test_pages_that_do_not_come_leave_their_share_to_the_others() -> None:
    assert rationed(100, 4).each == 25
    assert rationed(100, 2).each == 50
    assert rationed(100, 0, later=4) == (25, 100)
