from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.research.plan import compared, plan, topic_of


def texts(question: str, limit: int = 4) -> list[str]:
    return [part.text for part in plan(question, limit=limit)]


def test_a_question_with_one_part_stays_whole() -> None:
    assert texts("How do I read a CSV file with a header in Python?") == ["How do I read a CSV file with a header in Python?"]


def test_a_comparison_asks_for_both_sides_too() -> None:
    assert texts("How do asyncio tasks differ from threads?") == [
        "How do asyncio tasks differ from threads?",
        "What are asyncio tasks?",
        "What are threads?",
    ]


@pytest.mark.parametrize(
    "question",
    [
        "What is the difference between a list and a tuple?",
        "Compare a list and a tuple",
        "How does a list compare with a tuple?",
        "Is a list better than a tuple?",
        "a list vs a tuple",
    ],
)
def test_comparisons_are_known_by_many_wordings(question: str) -> None:
    assert texts(question)[1:] == ["What is a list?", "What is a tuple?"]


def test_questions_joined_by_and_are_taken_apart_and_pronouns_filled_in() -> None:
    assert texts("What does VACUUM FULL do and when should it be avoided?") == [
        "What does VACUUM FULL do?",
        "When should VACUUM FULL be avoided?",
    ]


def test_the_topic_of_a_pronoun_leaves_the_verb_out() -> None:
    assert texts("What causes transaction ID wraparound and how is it prevented?")[1] == "How is transaction ID wraparound prevented?"


def test_a_list_of_questions_in_one_sentence_is_taken_apart() -> None:
    assert texts("What is a lock, how does it work and why is it needed?") == [
        "What is a lock?",
        "How does lock work?",
        "Why is lock needed?",
    ]


def test_two_facets_of_one_thing_are_two_questions() -> None:
    assert texts("What are the advantages and disadvantages of unlogged tables?") == [
        "What are the advantages of unlogged tables?",
        "What are the disadvantages of unlogged tables?",
    ]


def test_a_noun_joined_by_and_is_not_taken_apart() -> None:
    assert texts("Why are bread and butter eaten together?") == ["Why are bread and butter eaten together?"]


def test_background_is_searched_for_but_not_answered() -> None:
    (part,) = plan("I run PostgreSQL 15 on Debian. Why is autovacuum slow?")
    assert part.text == "Why is autovacuum slow?"
    assert part.query == "autovacuum slow run PostgreSQL 15 Debian"


def test_the_limit_keeps_what_is_closest_to_the_question() -> None:
    assert texts("How do asyncio tasks differ from threads?", limit=1) == ["How do asyncio tasks differ from threads?"]


def test_ids_are_numbered_from_one() -> None:
    assert [part.id for part in plan("list vs tuple")] == ["q1", "q2", "q3"]


def test_the_topic_is_the_first_run_of_content_words() -> None:
    assert topic_of("What does VACUUM FULL do") == "VACUUM FULL"
    assert topic_of("How do asyncio tasks work") == "asyncio tasks"


@given(st.text(min_size=1, max_size=300), st.integers(1, 8))
def test_any_text_gives_between_one_and_limit_different_questions_with_something_to_search(text: str, limit: int) -> None:
    parts = plan(text, limit=limit)
    assert 1 <= len(parts) <= limit
    assert len({part.id for part in parts}) == len({part.text for part in parts}) == len(parts)
    if text.strip():
        assert all(part.query for part in parts)


def test_a_pronoun_may_mean_any_word_of_the_part_before_so_all_are_searched_for() -> None:
    first, second = plan("How does PostgreSQL decide when to autovacuum a table, and how can it be tuned?")
    assert first.query == "PostgreSQL autovacuum table"
    assert second.query == "PostgreSQL tuned autovacuum table"


def test_a_part_without_a_pronoun_is_searched_for_by_its_own_words() -> None:
    _, second = plan("How does PostgreSQL autovacuum a table, and when does Python collect garbage?")
    assert "autovacuum" not in second.query


def test_what_a_later_part_leaves_unsaid_is_filled_in() -> None:
    assert texts("Why does PostgreSQL need to vacuum tables, and what happens if it does not?") == [
        "Why does PostgreSQL need to vacuum tables?",
        "What happens if PostgreSQL does not vacuum tables?",
    ]


def test_the_sides_of_a_comparison_are_known_as_they_are_written() -> None:
    assert compared("What is the difference between a list and a tuple?") == ("a list", "a tuple")
    assert compared("When should I use a BRIN index instead of a B-tree index?") is not None
    assert compared("What is a list?") is None
