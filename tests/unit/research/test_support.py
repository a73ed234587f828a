from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.research.support import backing

PAGE = [
    "The museum opened its doors to visitors in 1902.",
    "Its director, Maria Velasquez, was appointed in 2014.",
    "Tickets are sold at the entrance.",
    "A second building was added on 3 June 1987.",
    "The café serves coffee all day.",
]
TEXTS = st.text(alphabet="abcde 0123.,XYZ'-", max_size=40)
PAGES = st.lists(TEXTS, max_size=8)


def test_a_sentence_that_says_it_all_supports_it_alone_and_fully() -> None:
    found = backing(PAGE[1], PAGE)
    assert found.sentences == (1,)
    assert found.score == 1.0


def test_a_statement_of_which_no_word_is_there_has_no_support() -> None:
    found = backing("Penguins breed during Antarctic winters.", PAGE)
    assert found.sentences == ()
    assert found.score == 0.0


def test_a_statement_made_of_two_sentences_is_supported_by_both() -> None:
    found = backing("The museum opened in 1902 and had a second building added in June 1987.", PAGE)
    assert set(found.sentences) == {0, 3}


def test_what_is_spread_over_a_page_supports_less_than_what_one_sentence_says() -> None:
    statement = "The museum opened in 1902 and sold tickets."
    together = backing(statement, ["The museum opened in 1902 and sold tickets at once.", *PAGE[3:]])
    spread = backing(statement, [PAGE[0], *PAGE[3:], PAGE[2]])
    assert spread.score < together.score


def test_a_missing_name_lowers_the_score_more_than_a_missing_plain_word() -> None:
    page = ["In 2014 somebody was appointed as director.", "Other things happened."]
    assert (
        backing("In 2014 Velasquez was appointed as director.", page).score
        < backing("In 2014 happily was appointed as director.", page).score
    )


def test_numbers_are_the_same_in_words_and_with_separators() -> None:
    assert backing("It has three halls and 12,000 pieces.", ["It has 3 halls and 12000 pieces."]).score == 1.0


def test_a_timestamp_is_a_date_in_words() -> None:
    assert backing("Published on June 27, 2016.", ["Published 2016-06-27T19:09:17Z"]).score == 1.0


def test_words_that_begin_alike_support_in_part() -> None:
    found = backing("Investigators arrived.", ["The investigation arrived.", "Nothing else."])
    assert 0.5 < found.score < 1.0


def test_a_title_helps_a_sentence_that_leaves_out_what_the_page_is_about() -> None:
    page = ["City Museum", "It was closed for repairs in May.", "Other halls stayed open."]
    statement = "The City Museum was closed for repairs in May."
    assert backing(statement, page, asides=[0]).score > backing(statement, page[1:]).score


@given(TEXTS, PAGES, st.sets(st.integers(0, 7)))
def test_the_score_is_a_share_and_the_places_are_those_of_sentences_each_once(statement: str, page: list[str], asides: set[int]) -> None:
    found = backing(statement, page, [at for at in asides if at < len(page)])
    assert 0.0 <= found.score <= 1.0
    assert len(set(found.sentences)) == len(found.sentences)
    assert all(0 <= at < len(page) for at in found.sentences)


@given(TEXTS, PAGES)
def test_the_same_page_gives_the_same_answer(statement: str, page: list[str]) -> None:
    assert backing(statement, page) == backing(statement, list(page))


@given(st.lists(st.sampled_from(["museum", "director", "building", "visitor", "coffee", "ticket"]), min_size=1, max_size=6, unique=True))
def test_no_page_supports_a_statement_better_than_the_statement_itself(words: list[str]) -> None:
    statement = " ".join(words)
    assert backing(statement, [*PAGE, statement]).score == 1.0 >= backing(statement, PAGE).score
