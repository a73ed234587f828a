from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.research.passages import index
from synapse.research.text import stem, terms
from tests.unit.research.factory import MORE_TIDES, TIDES, document


def test_every_sentence_of_every_page_is_a_passage_of_its_page() -> None:
    indexed = index([document("One tide rises. Two tides fall."), document("A third one stays.")])
    assert [(passage.document, passage.span.text) for passage in indexed.passages] == [
        (0, "One tide rises."),
        (0, "Two tides fall."),
        (1, "A third one stays."),
    ]
    assert indexed.postings[stem("tide")] == [0, 1]
    assert [counted[stem("tide")] for counted in indexed.often] == [2, 0]


def test_the_sentences_of_a_paragraph_stand_together() -> None:
    indexed = index([document("First. Of one.\n\nSecond.")])
    assert sorted(indexed.blocks.values()) == [[0, 1], [2]]


def test_a_rare_word_weighs_more_than_a_common_one_and_an_unknown_one_most() -> None:
    indexed = index([document(TIDES), document(MORE_TIDES)])
    assert 1.0 <= indexed.weight(stem("tides")) < indexed.weight("sun") < indexed.weight("unheard") == 2.0


def test_a_short_form_is_known_by_the_words_that_it_stands_for() -> None:
    assert index([document("Python has a global interpreter lock (GIL).")]).acronyms == {"gil": tuple(terms("global interpreter lock"))}


@given(st.lists(st.text(alphabet="ab .\n#", max_size=40), max_size=4))
def test_a_word_is_posted_where_it_stands_and_nowhere_else(texts: list[str]) -> None:
    indexed = index([document(text) for text in texts])
    posted = {(word, at) for word, where in indexed.postings.items() for at in where}
    assert posted == {(word, at) for at, passage in enumerate(indexed.passages) for word in passage.words}
    assert all(1.0 <= indexed.weight(word) <= 2.0 for word in indexed.postings)
