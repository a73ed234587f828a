from __future__ import annotations

from synapse.research.acronyms import acronyms


def test_a_long_form_is_taken_from_the_words_before_the_brackets() -> None:
    assert acronyms("It uses a global interpreter lock (GIL) inside.") == {"GIL": "global interpreter lock"}


def test_hyphens_separate_words_of_a_long_form() -> None:
    assert acronyms("The write-ahead log (WAL) is flushed first.") == {"WAL": "write ahead log"}


def test_brackets_whose_initials_do_not_match_are_no_acronym() -> None:
    assert acronyms("The central office (USA) is closed.") == {}


def test_the_first_introduction_counts() -> None:
    assert acronyms("A big red dog (BRD) met a bad rude dog (BRD).") == {"BRD": "big red dog"}
