from __future__ import annotations

import pytest

from synapse.research.wording import EXPLETIVE, LINK_WORD, defines, is_english, is_verb, subject


@pytest.mark.parametrize("word", ["represents", "runs", "carries", "stopped", "used", "passes", "locked", "provide"])
def test_forms_of_common_verbs_are_known(word: str) -> None:
    assert is_verb(word)


@pytest.mark.parametrize("word", ["table", "thread", "python", "bed", "gas"])
def test_other_words_are_not_taken_for_verbs(word: str) -> None:
    assert not is_verb(word)


@pytest.mark.parametrize(
    ("sentence", "who"),
    [
        ("The Thread class represents an activity.", "The Thread class"),
        ("VACUUM FULL rewrites the table.", "VACUUM FULL"),
        ("Threads share memory.", "Threads"),
        ("If the lock is held, others wait.", ""),
        ("The checks that run first are quick.", ""),
    ],
)
def test_the_subject_is_what_stands_before_the_first_verb(sentence: str, who: str) -> None:
    assert subject(sentence) == who


def test_an_it_that_points_at_nothing_is_told_from_one_that_does() -> None:
    assert EXPLETIVE.match("It is therefore necessary to vacuum.")
    assert not EXPLETIVE.match("It is a lock.")


def test_a_link_word_says_whether_it_had_its_comma() -> None:
    match = LINK_WORD.match("However, it fails.")
    assert match is not None
    assert match["comma"] == ","


def test_saying_what_something_is_is_told_from_saying_something_about_it() -> None:
    assert defines("A decorator is just a function that wraps another.", "A decorator")
    assert defines("The Thread class represents an activity.", "The Thread class")
    assert not defines("A decorator also provides a cache.", "A decorator")
    assert not defines("If it is a lock, wait.", "")


def test_english_is_told_by_its_small_words() -> None:
    assert is_english("The Moon pulls the water of the oceans.")
    assert not is_english("Die Gezeiten entstehen durch die Anziehungskraft des Mondes.")
