from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.research.grounding import FAR_AWAY, ungrounded

QUOTE = "With acks_late the broker keeps a task of Celery 5.3 for 3,600 seconds, and 40% of the workers do not notice."
OTHER = "The Visibility Timeout of Redis defaults to one hour."


@pytest.mark.parametrize(
    "sentence",
    [
        "With acks_late the broker keeps a task for 3600 seconds.",
        "Celery 5.3 has its broker keep a task for 3,600 seconds.",
        "Setting acks_late makes the broker keep a Celery task.",
        "Of the workers, 40 percent do not notice.",
        "A task is kept by the broker with “acks_late”.",
    ],
)
def test_another_wording_of_the_quote_stands(sentence: str) -> None:
    assert ungrounded(sentence, [QUOTE]) is None


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("With acks_late the broker keeps a task for 7200 seconds.", "7200"),
        ("With acks_late the broker keeps two tasks of Celery.", "number 2"),
        ("With acks_late the broker keeps a million tasks of Celery.", "million"),
        ("With acks_late the broker of Celery 5.4 keeps a task.", "5.4"),
        ("With acks_early the broker keeps a task.", "acks_early"),
        ("With acks_late RabbitMQ keeps a task.", "RabbitMQ"),
        ("Kafka keeps a task with acks_late.", "Kafka"),
        ("Einstein keeps a task with acks_late.", "Einstein"),
        ("With acks_late the broker keeps a task, see http://evil.example.", "address"),
        ("With acks_late the broker keeps a task, see www.evil.example.", "address"),
        ("With acks_late the broker keeps a task, see evil.example.", "evil.example"),
        ("With acks_late the broker [keeps](x) a task.", "address"),
        ("With acks_late the broker <b>keeps</b> a task.", "address"),
        ("With acks_late the broker keeps a task [1].", "citation"),
        ("With acks_late the broker keeps a task (e4).", "citation"),
        ("With acks_late the broker “drops every task” of Celery.", "quotes"),
        ("The weather in spring is lovely and mild.", "too far"),
        ("With acks_late the broker secretly eats the breakfast of workers.", "too far"),
        ("With acks_late the broker keeps a ta", "whole sentence"),
        ("Is the broker with acks_late keeping a task?", "whole sentence"),
        ("", "whole sentence"),
        ("With acks_late the broker keeps a task" + ", a task" * 80 + ".", "whole sentence"),
    ],
)
def test_what_the_quote_does_not_have_is_refused(sentence: str, why: str) -> None:
    fault = ungrounded(sentence, [QUOTE])
    assert fault is not None
    assert why in fault


def test_a_denial_must_be_the_quotes_and_so_must_its_absence() -> None:
    assert ungrounded("The Visibility Timeout of Redis never defaults to one hour.", [OTHER]) == "it denies what its evidence does not deny"
    denied = "Redis does not keep the messages."
    assert ungrounded("Redis keeps the messages.", [denied]) == "it asserts what its evidence denies"
    assert ungrounded("Redis does not keep messages.", [denied]) is None


def test_several_quotes_bear_one_sentence_together() -> None:
    sentence = "The Visibility Timeout of Redis is one hour, and with acks_late the broker keeps a task for 3600 seconds."
    assert ungrounded(sentence, [QUOTE, OTHER]) is None
    assert ungrounded(sentence, [OTHER]) is not None


FOUND = "The investigation of the commission found that the separator of the pump corroded."
BUILT = "The tower in Paris is 300 metres high and was built of iron by Eiffel in 1889."


@pytest.mark.parametrize(
    ("sentence", "quote", "stands"),
    [
        ("The commission investigated and found corrosive separation in pumps.", FOUND, True),
        ("The commission found a rusty old metal part in pumps.", FOUND, False),
        ("In 1889 Eiffel erected a landmark of iron in Paris.", BUILT, True),
        ("A high tower of iron makes visitors of the city rather dizzy.", BUILT, False),
    ],
)
def test_words_that_begin_alike_count_for_a_rewording_and_names_and_figures_double(sentence: str, quote: str, stands: bool) -> None:
    assert ungrounded(sentence, [quote]) == (None if stands else FAR_AWAY)


def test_without_a_quote_nothing_stands() -> None:
    assert ungrounded("Tides rise.", []) == ungrounded("Tides rise.", [" "]) == "it has no evidence"


WORDS = ["the", "Moon", "pulls", "water", "of", "oceans", "strongly", "every", "day", "tides", "rise", "Earth", "faces"]


@given(st.lists(st.sampled_from(WORDS), min_size=4, max_size=12), st.integers(13, 10_000))
def test_a_quote_bears_itself_and_no_number_beside_it(words: list[str], number: int) -> None:
    quote = "Tides and " + " ".join(words) + "."
    assert ungrounded(quote, [quote]) is None
    assert ungrounded(f"{quote[:-1]} {number}.", [quote]) is not None
