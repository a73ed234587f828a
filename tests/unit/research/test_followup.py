from __future__ import annotations

from synapse.contracts.evidence import Claim, SubQuestion, Verdict
from synapse.research.followup import follow_ups, wider


def asked(number: int, text: str = "Why do tides rise twice a day?", query: str = "tides rise twice day") -> SubQuestion:
    return SubQuestion(id=f"q{number}", text=text, query=query)


def claims(*questions: int) -> list[Claim]:
    return [
        Claim(id=f"c{n}", text="So.", subquestion=f"q{of}", score=1.0, evidence=("e1",), origins=("a.org",), verdict=Verdict.SINGLE_SOURCE)
        for n, of in enumerate(questions)
    ]


def test_what_two_sentences_answer_is_left_alone() -> None:
    assert follow_ups([asked(1), asked(2)], claims(1, 1, 2, 2)) == []


def test_a_part_without_an_answer_comes_before_one_with_a_single_sentence() -> None:
    assert [each.id for each in follow_ups([asked(1), asked(2), asked(3)], claims(1, 3, 3))] == ["q2", "q1"]


def test_no_more_than_three_parts_are_looked_at_again() -> None:
    assert len(follow_ups([asked(n) for n in range(1, 7)], [])) == 3


def test_the_question_stays_and_only_the_words_searched_for_change() -> None:
    (again,) = follow_ups([asked(1)], [])
    assert (again.id, again.text, again.query) == ("q1", asked(1).text, "tides rise twice")


def test_a_query_that_is_its_topic_already_stays() -> None:
    assert wider(asked(1, "What is a tide?", "tide")) == "tide"
    assert wider(asked(1, "?", "?")) == "?"
