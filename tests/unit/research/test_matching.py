from __future__ import annotations

from synapse.research.matching import IN_BLOCK, IN_HEADING, IN_TITLE, LONG_FORM, VARIANT, direct, shares_of
from synapse.research.passages import index
from synapse.research.text import stem
from tests.unit.research.factory import document


def share(word: str, text: str, at: int = 0, title: str = "") -> float:
    indexed = index([document(text, title=title)])
    wanted = [stem(word)]
    return shares_of(indexed, at, direct(indexed, wanted).get(at, {}), wanted)[0]


def test_a_word_of_the_sentence_counts_fully() -> None:
    assert share("tide", "The tide rises.") == 1.0


def test_a_word_that_is_nowhere_counts_nothing() -> None:
    assert share("moon", "The tide rises.") == 0.0


def test_a_word_with_the_word_in_it_counts_in_part() -> None:
    assert share("vacuum", "The autovacuum daemon runs.") == VARIANT


def test_short_words_are_not_looked_for_inside_of_others() -> None:
    assert share("cat", "The category is wrong.") == 0.0


def test_the_spelt_out_form_counts_nearly_as_much_as_the_acronym() -> None:
    text = "Python has a global interpreter lock (GIL).\n\nThe global interpreter lock lets one thread run."
    assert share("gil", text, at=1) == LONG_FORM


def test_heading_title_and_paragraph_lend_their_words_in_this_order() -> None:
    assert share("spring", "Spring tides\n\nThe water rises highest at full moon.", at=0) == IN_HEADING
    assert share("spring", "The water rises.", title="Spring tides") == IN_TITLE
    assert share("spring", "The water rises. In spring it stays.", at=0) == IN_BLOCK


def test_a_sentence_that_goes_on_with_a_pronoun_has_the_words_of_the_one_before() -> None:
    assert share("daemon", "The daemon wakes up. It cleans the tables.", at=1) == LONG_FORM
