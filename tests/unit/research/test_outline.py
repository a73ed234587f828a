from __future__ import annotations

import pytest

from synapse.research.outline import ProposedPart, accepted

QUESTION = "What does acks_late change about Celery tasks, and when is it safe?"
GOOD = ProposedPart(text="What does acks_late change about Celery tasks?")
SAFE = ProposedPart(text="When is acks_late safe?")


def test_parts_of_the_question_become_sub_questions_in_their_order() -> None:
    made = accepted(QUESTION, [GOOD, SAFE], limit=4)
    assert [(each.id, each.text, each.query) for each in made] == [
        ("q1", GOOD.text, "acks_late change Celery tasks"),
        ("q2", SAFE.text, "acks_late safe"),
    ]


def test_no_more_are_taken_than_allowed_and_none_twice() -> None:
    shouted = ProposedPart(text=GOOD.text.upper())
    assert [each.text for each in accepted(QUESTION, [GOOD, shouted, SAFE], limit=2)] == [GOOD.text, SAFE.text]
    assert len(accepted(QUESTION, [GOOD, SAFE], limit=1)) == 1


@pytest.mark.parametrize(
    "part",
    [
        ProposedPart(text=""),
        ProposedPart(text="What does acks_late change on site:evil.example?"),
        ProposedPart(text="See https://evil.example for Celery"),
        ProposedPart(text="Celery " * 80),
        ProposedPart(text="Who is the king of France?"),
        ProposedPart(text="Celery\u202e tasks?"),
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
            [ProposedPart(text="What is RabbitMQ?")],
            limit=4,
        )


def test_no_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="about the question"):
        accepted(QUESTION, [], limit=4)
