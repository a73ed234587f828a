from __future__ import annotations

from synapse.research.asked import Asked
from synapse.research.intent import Intent
from synapse.research.passages import index
from synapse.research.text import stem
from tests.unit.research.factory import MORE_TIDES, TIDES, document, question

PAGES = index([document(TIDES), document(MORE_TIDES)])


def asked(text: str) -> Asked:
    return Asked.of(PAGES, question(text))


def of(made: Asked, places: frozenset[int]) -> set[str]:
    return {made.wanted[place] for place in places}


def shares(made: Asked, *without: str) -> list[float]:
    """A passage that mentions all words but those."""
    left_out = {stem(word) for word in without}
    return [0.0 if word in left_out else 1.0 for word in made.wanted]


def weight(made: Asked, word: str) -> float:
    return made.weights[made.wanted.index(stem(word))]


def test_a_name_in_several_capitals_is_required_whole() -> None:
    made = asked("What does VACUUM FULL do?")
    assert of(made, made.required) == {"vacuum", "full"}
    assert not made.met_by([1.0, 0.0])
    assert made.met_by([1.0, 1.0])


def test_of_a_dotted_name_the_last_part_is_a_name_too() -> None:
    made = asked("How does asyncio.gather handle exceptions?")
    assert of(made, made.names) >= {stem("gather")}


def test_a_compound_weighs_as_much_as_one_word() -> None:
    made = asked("What is a lock-free queue?")
    assert weight(made, "lock") == weight(made, "free") == weight(made, "queue") / 3, "of the whole and its two parts"


def test_of_two_things_asked_about_together_one_is_enough() -> None:
    made = asked("What sets the height and the time of tides?")
    assert made.coverage(shares(made, "height", "time")) < made.coverage(shares(made, "time")) == made.coverage(shares(made)) == 1.0


def test_what_is_asked_of_a_thing_is_not_the_thing() -> None:
    assert asked("What is the price of a gauge?").aspect == stem("price")
    assert asked("What is a gauge?").aspect == ""


def test_a_word_on_every_page_says_little_where_another_one_tells_them_apart() -> None:
    pages = index([document(f"The tide of {place} rises. The tide falls.") for place in ("Brest", "Cork", "Dover", "Emden", "Faro")])
    made = Asked.of(pages, question("How does the tide of Dover rise?"))
    assert of(made, made.common) == {stem("tide"), stem("rise")}
    assert weight(made, "tide") < weight(made, "Dover") / 2


def test_the_word_that_the_fewest_sentences_have_must_be_near() -> None:
    made = asked("Why do spring tides occur?")
    assert made.intent is Intent.CAUSE
    assert made.telling is not None
    assert not made.told_by([0.3] * len(made.wanted))
    assert made.told_by([0.35] * len(made.wanted))


def test_a_comparison_is_answered_by_what_speaks_of_both_sides() -> None:
    made = asked("What is the difference between neap tides and spring tides?")
    assert made.answered_by(shares(made))
    assert not made.answered_by(shares(made, "neap"))


def test_what_only_stands_nearby_does_not_answer() -> None:
    made = asked("When do spring tides occur?")
    assert not made.answered_by([0.35] * len(made.wanted))
    assert made.answered_by([0.45] * len(made.wanted))


def test_the_verb_of_a_how_to_weighs_half() -> None:
    made = asked("How do I calibrate a gauge?")
    assert weight(made, "calibrate") == weight(made, "gauge") / 2


def test_a_topic_that_all_pages_found_have_is_still_the_topic() -> None:
    pages = index([document(f"The spring tides of {place} rise.", title="Spring tides") for place in ("Brest", "Cork", "Dover", "Emden")])
    made = Asked.of(pages, question("What do spring tides support?"))
    assert not made.answered_by(shares(made, "spring", "tides"))
