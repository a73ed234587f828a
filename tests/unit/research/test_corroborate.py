from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.contracts.evidence import Verdict
from synapse.research.corroborate import Support, conflict, sharing_half, support, voices
from synapse.research.passages import index
from tests.unit.research.factory import document

FILLER = "\n\nShips wait in the harbour for water.\n\nFish swim with the currents of the sea.\n\nSailors read the tables of the port."


def supported(first: str, second: str, *, origins: tuple[str, str] = ("a.org", "b.org")) -> Support:
    indexed = index([document(first, origin=origins[0]), document(second, origin=origins[1])])
    return support(indexed, 0, lambda at: True, voices(indexed))


def conflicting(first: str, second: str) -> bool:
    indexed = index([document(first), document(second)])
    return conflict(indexed.passages[0], indexed.passages[1])


def test_two_origins_that_say_the_same_corroborate_each_other() -> None:
    found = supported("Spring tides occur when the Sun and the Moon align.", "Spring tides occur when the Moon and the Sun are aligned.")
    assert found.verdict is Verdict.CORROBORATED
    assert found.origins == ("a.org", "b.org")


def test_two_pages_of_one_origin_are_one_voice() -> None:
    found = supported(
        "Spring tides occur when the Sun and the Moon align.",
        "Spring tides occur when the Moon and the Sun are aligned.",
        origins=("a.org", "a.org"),
    )
    assert found.verdict is Verdict.SINGLE_SOURCE
    assert len(found.passages) == 2


def test_a_page_copied_elsewhere_is_one_voice() -> None:
    text = "Spring tides occur when the Sun and the Moon align in the sky." + FILLER
    indexed = index([document(text, origin="a.org"), document("Copied from afar.\n\n" + text, origin="b.org")])
    assert voices(indexed) == ["a.org", "a.org"]


def test_a_long_sentence_repeated_to_the_letter_is_a_copy() -> None:
    long = (
        "Spring tides of unusual height occur whenever the Sun, the Moon and the Earth stand exactly aligned in one straight line, "
        "pulling ocean water together with combined gravity twice every single month."
    )
    assert supported(long, long + FILLER).verdict is Verdict.SINGLE_SOURCE


def test_a_report_of_an_earlier_run_does_not_corroborate_what_it_quotes() -> None:
    said = "Spring tides of unusual height occur whenever the Sun, the Moon and the Earth stand exactly aligned in one line."
    assert supported(said, f"{said} ○[1]{FILLER}").verdict is Verdict.SINGLE_SOURCE


@pytest.mark.parametrize(
    "other",
    [
        "Spring tides never occur when the Sun and the Moon align.",
        "Spring tides occur in winter.",
        "The Moon is far away from the Sun.",
    ],
)
def test_what_says_something_else_does_not_corroborate(other: str) -> None:
    assert supported("Spring tides occur when the Sun and the Moon align.", other).verdict is Verdict.SINGLE_SOURCE


def test_another_number_does_not_corroborate() -> None:
    assert (
        supported("The tower of the town is 50 metres high.", "The tower of the town is 60 metres high.").verdict is Verdict.SINGLE_SOURCE
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The tower of the old town is 50 metres high.", "The tower of the old town is 60 metres high."),
        ("The treaty of the northern towns was signed in 1815.", "The treaty of the northern towns was signed in 1816."),
        ("The committee of the town approved the new bridge plan.", "The committee of the town never approved the new bridge plan."),
    ],
)
def test_aligned_sentences_with_another_number_date_or_sign_conflict(one: str, other: str) -> None:
    assert conflicting(one, other)
    assert conflicting(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The tower of the old town is 50 metres high.", "The bridge of the new town is 60 metres long."),
        ("Python 3.9 adds the new parser to the language.", "Python 3.11 adds the new parser to the language."),
        ("The tower of the old town is 50 metres high.", "The tower of the old town is 50 metres high and 8 wide."),
        ("The server of the team keeps 5 connections if idle.", "The server of the team keeps 10 connections."),
        ("Section 4 covers the lock of the table in detail.", "Section 5 covers the lock of the table in detail."),
        ("The plan was not approved.", "The plan was approved."),
    ],
)
def test_sentences_about_different_things_do_not_conflict(one: str, other: str) -> None:
    assert not conflicting(one, other)


def test_a_long_statement_is_found_again_where_its_rarest_words_are_missing() -> None:
    said = (
        "Spring tides occur{} twice a month when the Sun, the Moon and the Earth{} stand in a line, so that water of the oceans rises{}"
        " higher on every coast{} than at half moon, pulled by gravity."
    )
    found = supported(said.format(" (syzygy)", ", our planet,", " somewhat", " worldwide"), said.format("", "", "", ""))
    assert found.verdict is Verdict.CORROBORATED


WORDS = st.lists(st.sampled_from(["tide", "moon", "sun", "earth", "coast", "water", "wind"]), min_size=1, max_size=6)


@given(st.lists(WORDS, min_size=1, max_size=8))
def test_looking_words_up_finds_all_that_share_half_of_them(sentences: list[list[str]]) -> None:
    indexed = index([document("\n\n".join(f"{' '.join(words)}." for words in sentences))])
    for passage in indexed.passages:
        halves = [at for at, other in enumerate(indexed.passages) if 2 * len(passage.bag & other.bag) >= len(passage.bag)]
        assert list(sharing_half(indexed, passage.bag)) == halves
