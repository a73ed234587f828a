"""What is found by which words, asked of a database; tests/integration/state asks both of them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synapse.contracts.run import RunFilter
from synapse.state.words import sought, words, words_of
from tests.unit.state.house import House, step

QUESTIONS = [
    "What does acks_late change about Celery's tasks?",
    "Wie verändert sich der Straßenverkehr in Köln?",
    "東京の人口は?",
    "किताब क्या है?",
    "C++ vs. C#: which is faster, e.g. at I/O?",
    "How do ants find food?",
]


def found(house: House, text: str) -> set[str]:
    return {str(run.input["question"]) for run in house.database.queries.runs(RunFilter(search=text)).runs}


def ask(house: House, *questions: str) -> None:
    for question in questions:
        house.begin(step("a"), {"question": question})


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("celery", [0]),
        ("CELERY'S tasks", [0]),
        ("acks_late", [0]),
        ("late acks", [0]),
        ("cel", []),
        ("cel*", [0]),
        ("strassenverkehr koln", [1]),
        ("KÖLN", [1]),
        ("straß*", [1]),
        ("東京", [2]),
        ("京", [2]),
        ("किताब", [3]),
        ("faster c", [4]),
        ("food celery", []),
        ('ants\' OR "food" -x', []),
        ("ants | food", [5]),
        ("!!! ?", []),
        ("* & ':*", []),
        ("find NEAR food", []),
    ],
)
def test_a_run_is_found_by_all_of_its_words_whatever_their_case_and_accents(house: House, text: str, numbers: list[int]) -> None:
    ask(house, *QUESTIONS)
    assert found(house, text) == {QUESTIONS[number] for number in numbers}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=30).filter(lambda text: "\0" not in text and text.isprintable()))
def test_every_text_is_found_by_itself_and_by_how_its_words_begin(house: House, text: str) -> None:
    house.sql("DELETE FROM run_words")
    run = house.begin(step("a"), {"question": text})
    there = {run} if words(text) else set()
    for search in (text, " ".join(f"{word[:3]}*" for word in words(text)) or "?", " ".join(reversed(words(text))) or "?"):
        ids, _ = house.database.queries.ids(RunFilter(search=search), limit=500)
        assert set(ids) == there, search


def test_words_are_what_is_left_without_case_accents_and_signs() -> None:
    assert words("Ångström, straße—ÄÖ 2026! x² ﬁn") == ["angstrom", "strasse", "ao", "2026", "x2", "fin"]
    assert words("a A á a") == ["a"]


def test_a_workflow_without_a_question_is_found_by_the_texts_of_its_input() -> None:
    assert words_of({"topic": "Red ants", "depth": 3, "more": ["x"], "who": "Ann"}) == ["red", "ants", "ann"]
    assert words_of({"question": "Why?", "corpus": "insects"}) == ["why"]
    assert words_of({"n": 1}) == []


def test_nothing_that_is_typed_means_anything_to_a_query_language() -> None:
    assert sought("sqlite", 'a" OR b* NEAR(c)') == '"a" "or" "b"* "near" "c"'
    assert sought("postgresql", "a':* | b & !c") == "'a':* & 'b' & 'c'"
    assert sought("sqlite", " ?! ") is None
