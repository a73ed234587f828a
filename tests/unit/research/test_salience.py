from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synapse.research.passages import index
from synapse.research.salience import salience
from tests.unit.research.factory import MORE_TIDES, TIDES, document, question


def best(asked: str, *texts: str, title: str = "") -> list[str]:
    indexed = index([document(text, title=title) for text in texts])
    return [indexed.passages[item.passage].span.text for item in salience(indexed, question(asked))]


def test_the_sentence_about_all_of_the_question_comes_first() -> None:
    assert best("When do spring tides occur?", TIDES)[0].startswith("Spring tides occur when")


def test_a_definition_comes_first_when_one_is_asked_for() -> None:
    assert best("What are tides?", TIDES)[0].startswith("Tides are the rise and fall")


def test_a_cause_comes_first_when_one_is_asked_for() -> None:
    assert best("Why do tides happen?", MORE_TIDES)[0].startswith("Tides are caused because")


def test_a_heading_lends_its_words_to_what_stands_below_it() -> None:
    text = "Spring tides\n\nThe water rises highest at full moon.\n\nHarbours\n\nThe water rises in harbours."
    found = salience(index([document(text)]), question("How high is the water of spring tides?", "water spring tides"), near=True)
    assert found[0].passage == 0
    assert found[0].coverage > found[1].coverage


def test_a_name_of_two_words_must_be_whole() -> None:
    found = best(
        "What does VACUUM FULL do?", "A plain VACUUM reclaims space.\n\nVACUUM FULL rewrites the table.\n\nThe disk is FULL again."
    )
    assert found == ["VACUUM FULL rewrites the table."]


def test_a_short_form_finds_its_long_form() -> None:
    text = "Python has a global interpreter lock (GIL).\n\nThe global interpreter lock lets one thread run at a time."
    assert len(best("What is the GIL?", text)) == 2


def test_part_of_a_dotted_name_is_not_the_name() -> None:
    found = best("How does asyncio.gather handle exceptions?", "asyncio.gather() raises exceptions.\n\nasyncio.run() raises exceptions.")
    assert found == ["asyncio.gather() raises exceptions."]


def test_a_number_is_preferred_where_one_is_asked_for() -> None:
    text = "The maximum size of a table depends on the disk.\n\nThe maximum size of a table is 32 TB."
    assert best("What is the maximum size of a table?", text)[0].endswith("32 TB.")


def test_another_form_of_a_word_is_found() -> None:
    assert best("When does PostgreSQL autovacuum?", "A table of PostgreSQL is vacuumed when enough rows are dead.")


def test_nothing_in_common_is_nothing_found() -> None:
    assert best("What is the capital of Mongolia?", TIDES) == []


def test_the_least_coverage_is_respected() -> None:
    indexed = index([document(TIDES)])
    assert all(item.coverage >= 0.9 for item in salience(indexed, question("When do spring tides occur?"), least=0.9))


@given(
    st.lists(st.sampled_from(["Tides rise.", "The Moon pulls tides.", "Code is.", "# Head", "", "Neap tides are weak."]), max_size=8),
    st.text(max_size=30),
)
def test_coverage_is_a_share_and_the_list_is_sorted(parts: list[str], asked: str) -> None:
    indexed = index([document("\n\n".join(parts))])
    found = salience(indexed, question("Tides?", f"tides moon {asked}"))
    assert all(0 < item.coverage <= 1 for item in found)
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
    assert len({item.passage for item in found}) == len(found)


MANUAL = (
    "Acme\n\nAcme is made of tables.\n\nThe sweeper visits a table when a fifth of its rows have changed.",
    "Acme\n\nAcme allows a table of no columns to be made.\n\nA table has columns.",
    "Acme\n\nAcme keeps each table in a file of its own.",
    "Acme\n\nAcme asks for a table's name.\n\nThe sweeper can be turned off.",
    "Acme\n\nEvery table of Acme has an owner.",
)


def test_a_name_on_every_page_need_not_stand_in_the_sentence_that_answers() -> None:
    assert best("When does Acme's sweeper visit a table?", *MANUAL)[0].startswith("The sweeper visits a table when")


def test_words_that_every_page_has_do_not_make_an_answer_without_the_one_that_few_have() -> None:
    found = best("When does Acme's sweeper visit a table?", *MANUAL)
    beside = [text for text in found if "sweeper" not in text]
    assert beside == []


def test_who_can_tell_what_answers_is_given_what_stands_near_it_too() -> None:
    indexed = index([document(text) for text in MANUAL])
    asked = question("When does Acme's sweeper visit a table?")
    near = [indexed.passages[item.passage].span.text for item in salience(indexed, asked, near=True)]
    assert "The sweeper can be turned off." in near[1:]
    assert "The sweeper can be turned off." not in [indexed.passages[item.passage].span.text for item in salience(indexed, asked)]


def test_what_changed_once_counts_less_unless_change_is_asked_for() -> None:
    indexed = index([document("The lock must be held.", title="What’s New In 3.6")])
    now, then = (
        salience(indexed, question(asked, "lock held"))[0].score for asked in ("Is the lock held?", "Is the lock held since then?")
    )
    assert now < then
