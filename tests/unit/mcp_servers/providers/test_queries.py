from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.mcp_servers.providers.queries import shortened, telling, words


def test_words_have_no_operators_in_them() -> None:
    assert words('ti:"cats" AND (dogs* OR ~x) what\'s state-of-the-art?', 20) == [
        *("ti", "cats", "AND", "dogs", "OR", "x", "what's", "state-of-the-art")
    ]
    assert words("a b c", 2) == ["a", "b"]


def test_telling_words_carry_the_topic() -> None:
    assert telling("What are the causes of sleep in cats and Cats?", 5) == ["sleep", "cats"]
    assert telling("what is it", 5) == ["what", "is", "it"]
    assert telling("?!", 5) == []


def test_a_query_is_cut_between_words() -> None:
    assert shortened("one two  three", 9, 5) == "one two"
    assert shortened("one two three", 50, 2) == "one two"
    assert shortened("x" * 20, 8, 5) == "x" * 8


@given(st.text(max_size=200), st.integers(1, 50), st.integers(1, 10))
def test_a_query_is_never_longer_than_allowed(query: str, characters: int, most: int) -> None:
    cut = shortened(query, characters, most)
    assert len(cut) <= characters
    assert len(cut.split()) <= most
