from __future__ import annotations

import pytest

from synapse.research.intent import Intent, cue_count, intent_of


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("How do asyncio tasks differ from threads?", Intent.COMPARISON),
        ("Is SQLite faster than PostgreSQL?", Intent.COMPARISON),
        ("Why does Celery acknowledge late?", Intent.CAUSE),
        ("How do I read a CSV file?", Intent.PROCEDURE),
        ("How does a B-tree work?", Intent.DEFINITION),
        ("What is a coroutine?", Intent.DEFINITION),
        ("What does VACUUM FULL do?", Intent.DEFINITION),
        ("When should VACUUM FULL be avoided?", Intent.TIME),
        ("How does PostgreSQL decide when to vacuum?", Intent.TIME),
        ("How many connections can a server hold?", Intent.QUANTITY),
        ("What are the advantages of unlogged tables?", Intent.BENEFIT),
        ("What are the drawbacks of unlogged tables?", Intent.DRAWBACK),
        ("What is the maximum size of a table?", Intent.QUANTITY),
        ("Which Python version introduced pattern matching?", Intent.TIME),
        ("Tell me a story", Intent.FACT),
    ],
)
def test_the_kind_of_answer_a_question_asks_for(question: str, intent: Intent) -> None:
    assert intent_of(question) is intent


def test_wording_typical_of_the_answer_is_counted_up_to_two() -> None:
    assert cue_count("It fails.", Intent.CAUSE) == 0
    assert cue_count("It fails because the lock is held.", Intent.CAUSE) == 1
    assert cue_count("It fails because of a lock, due to which, as a result, so that all wait.", Intent.CAUSE) == 2
