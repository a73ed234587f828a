from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.research.text import keywords, squeeze, stem, terms


@pytest.mark.parametrize(
    "forms",
    [
        ("acknowledge", "acknowledged", "acknowledges", "acknowledging", "acknowledgement"),
        ("index", "indexes", "indexed", "indexing"),
        ("query", "queries", "queried"),
        ("run", "running", "runs"),
        ("connect", "connection", "connections", "connected"),
        ("create", "creates", "created", "creation", "creating"),
    ],
)
def test_forms_of_one_word_have_one_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@given(st.text(min_size=1, max_size=20))
def test_a_stem_is_never_empty(word: str) -> None:
    assert stem(word)


def test_a_compound_counts_as_itself_and_as_its_parts() -> None:
    assert terms("asyncio.create_task") == ["asyncio.create_task", "asyncio", "creat", "task"]


def test_stop_words_and_possessives_leave_no_term() -> None:
    assert terms("What is the server's limit?") == ["serv", "limit"]


def test_keywords_keep_the_topic_and_drop_the_question() -> None:
    assert keywords("What is the difference between asyncio tasks and threads?") == ["asyncio", "tasks", "threads"]


def test_a_name_in_capitals_is_a_keyword_even_if_it_looks_like_a_question_word() -> None:
    assert keywords("What does USING mean in SQL?") == ["USING", "SQL"]


@given(st.text())
def test_squeezed_text_is_one_line_without_double_blanks(text: str) -> None:
    squeezed = squeeze(text)
    assert "\n" not in squeezed
    assert "  " not in squeezed
    assert squeezed == squeezed.strip()


def test_a_possessive_is_the_word_itself() -> None:
    assert keywords("What are a replication slot’s risks for the slot?") == ["replication", "slot"]


def test_an_order_is_no_keyword_where_it_opens_the_question() -> None:
    assert keywords("List the types of index") == ["types", "index"]
    assert keywords("What is the difference between a list and a tuple?") == ["list", "tuple"]
