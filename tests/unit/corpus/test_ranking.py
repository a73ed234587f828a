from __future__ import annotations

from synapse.corpus.query import Term
from synapse.corpus.ranking import Candidate, rank

TERMS = [Term("cat", 1.0), Term("sleep", 1.0)]


def _candidate(document: int, text: str, bm25: float = 1.0, title: str = "") -> Candidate:
    return Candidate(document, f"d{document}", title, "", text, bm25)


def _order(*candidates: Candidate) -> list[int]:
    return [ranked.candidate.document for ranked in rank(candidates, TERMS)]


def test_covering_the_question_counts_beside_repeating_one_word() -> None:
    assert _order(_candidate(1, "cat cat cat", 1.2), _candidate(2, "cats that sleep", 1.0)) == [2, 1]


def test_words_in_the_title_count_more() -> None:
    assert _order(_candidate(1, "cats sleep"), _candidate(2, "cats sleep", title="Sleep of cats")) == [2, 1]


def test_a_document_is_shown_by_its_best_section_and_comes_once() -> None:
    ranked = rank([_candidate(1, "cat", 1.0), _candidate(1, "cats sleep", 1.0), _candidate(2, "cat", 1.0)], TERMS)
    assert [(entry.candidate.document, entry.candidate.text) for entry in ranked] == [(1, "cats sleep"), (2, "cat")]


def test_many_poor_sections_do_not_beat_one_good_one() -> None:
    assert _order(*[_candidate(1, "cat", 1.0) for _ in range(100)], _candidate(2, "cats sleep", 1.0))[0] == 2


def test_nothing_matched_ranks_nothing() -> None:
    assert rank([], []) == []


def test_of_two_that_match_alike_the_one_with_the_words_of_the_best_comes_first() -> None:
    best = [_candidate(number, "cats sleep on velvet cushions", 2.0) for number in range(1, 6)]
    assert _order(*best, _candidate(6, "cats climb trees"), _candidate(7, "cats love velvet cushions"))[5:] == [7, 6]
