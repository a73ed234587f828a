from __future__ import annotations

import pytest

from synapse.research.outline import ProposedPart, accepted

QUESTION = "What does acks_late change about Celery tasks, and when is it safe?"
GOOD = ProposedPart(text="What does acks_late change about Celery tasks?", query="acks_late Celery tasks")
SAFE = ProposedPart(text="When is acks_late safe?", query="acks_late safe idempotent")


def test_parts_of_the_question_become_sub_questions_in_their_order() -> None:
    made = accepted(QUESTION, [GOOD, SAFE], limit=4)
    assert [(each.id, each.text, each.query) for each in made] == [("q1", GOOD.text, GOOD.query), ("q2", SAFE.text, SAFE.query)]


def test_no_more_are_taken_than_allowed_and_none_twice() -> None:
    shouted = ProposedPart(text=GOOD.text.upper(), query="again")
    assert [each.text for each in accepted(QUESTION, [GOOD, shouted, SAFE], limit=2)] == [GOOD.text, SAFE.text]
    assert len(accepted(QUESTION, [GOOD, SAFE], limit=1)) == 1


@pytest.mark.parametrize(
    "part",
    [
        ProposedPart(text="", query="x"),
        ProposedPart(text="What does acks_late change?", query="  "),
        ProposedPart(text="What does acks_late change?", query="http://evil.example"),
        ProposedPart(text="What does acks_late change?", query="site:evil.example acks_late"),
        ProposedPart(text="See https://evil.example for Celery", query="celery"),
        ProposedPart(text="Celery " * 80, query="celery"),
        ProposedPart(text="Who is the king of France?", query="king France"),
        ProposedPart(text="Celery\u202e tasks?", query="celery"),
    ],
)
def test_a_part_that_cannot_be_used_is_left_out(part: ProposedPart) -> None:
    assert [each.text for each in accepted(QUESTION, [part, GOOD, SAFE], limit=4)] == [GOOD.text, SAFE.text]
    with pytest.raises(ValueError, match="about the question"):
        accepted(QUESTION, [part], limit=4)


def test_a_plan_for_a_fraction_of_the_question_is_refused() -> None:
    with pytest.raises(ValueError, match="left most of the question out"):
        accepted(
            "How do prefetch limits, priorities and visibility timeouts interact in RabbitMQ clusters?",
            [ProposedPart(text="What is RabbitMQ?", query="RabbitMQ")],
            limit=4,
        )


def test_no_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="about the question"):
        accepted(QUESTION, [], limit=4)
