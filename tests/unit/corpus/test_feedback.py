from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.corpus.feedback import likeness

TEXTS = st.lists(st.text(alphabet="abcde ", max_size=60), max_size=12)


def test_a_text_with_the_words_of_the_best_ones_is_more_alike_than_one_without() -> None:
    best = ["turbulent boundary layers near heated plates"] * 5
    alike = likeness([*best, "heated plates and turbulent layers", "trade unions of the coast"], [5, 5, 5, 5, 5, 1, 1])
    assert alike[5] > 0.5
    assert alike[6] == 0.0


def test_the_words_that_questions_are_made_of_make_nothing_alike() -> None:
    assert likeness(["what does this mean", "what does that mean"], [1.0, 1.0]) == [0.0, 0.0]


def test_forms_of_a_word_are_the_same_word() -> None:
    assert likeness(["heating", "heated"], [1.0, 0.0]) == [1.0, 1.0]


def test_a_long_text_needs_a_word_more_often() -> None:
    short, long = likeness(["plates", "plates " + "unrelated " * 50], [1.0, 0.0])
    assert long < short


def test_nothing_found_is_like_nothing() -> None:
    assert likeness([], []) == []


def test_every_text_needs_a_score() -> None:
    with pytest.raises(ValueError, match="zip"):
        likeness(["a text"], [])


@given(TEXTS)
def test_likeness_is_a_share_whose_most_is_one_or_nothing(texts: list[str]) -> None:
    shares = likeness(texts, [1.0] * len(texts))
    assert len(shares) == len(texts)
    assert all(0.0 <= share <= 1.0 for share in shares)
    assert not texts or max(shares) in (0.0, 1.0)
