from __future__ import annotations

from synapse.corpus.query import Term
from synapse.corpus.snippet import snippet_of

TERMS = [Term("cach", 2.0), Term("evict", 3.0)]


def test_the_sentence_with_the_most_of_the_question_is_shown() -> None:
    text = "Heading\n\nA cache keeps things. When it is full, the cache evicts the oldest entry first. Nothing else."
    assert snippet_of(text, TERMS) == "When it is full, the cache evicts the oldest entry first. Nothing else."


def test_code_is_not_shown_and_long_sentences_are_cut_between_words() -> None:
    snippet = snippet_of("    cache.evict()\n\n" + "evict " * 200, TERMS)
    assert len(snippet) <= 301
    assert snippet.endswith("evict…")


def test_a_text_without_a_sentence_has_no_snippet() -> None:
    assert snippet_of("", TERMS) == snippet_of("    code()", TERMS) == ""
