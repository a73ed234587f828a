from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.research.citations import taken_from
from synapse.research.claims import statement
from synapse.research.sentences import sentences


def read(text: str) -> list[str]:
    """What each sentence of a page says alone."""
    found = [statement(span, text) for span in sentences(text)]
    return [each.text for each in found if each is not None]


@pytest.mark.parametrize(
    "sentence",
    [
        "The Thread class represents an activity that is run in a separate thread of control.",
        "It is recommended to run VACUUM on a schedule.",
        "There are two variants of VACUUM in PostgreSQL.",
        "asyncio.run() starts the event loop and closes it at the end.",
        "cProfile is recommended for most users.",
        "If the table is empty, it may never be processed by autovacuum.",
        "To cancel a running Task use the cancel() method.",
        "To vacuum a table, a lock on the table must be taken.",
        "Use the csv module to read CSV files in Python.",
        "Data written to unlogged tables is not logged, which makes these tables faster.",
        "Read Committed is the default isolation level in PostgreSQL.",
        "Create a file standby.signal in the data directory of the standby.",
        "Run synapse verify with a run's number to check every quote again.",
    ],
)
def test_a_sentence_that_stands_alone_is_kept_as_it_is(sentence: str) -> None:
    assert read(sentence) == [sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "This option disables all page-skipping behavior.",
        "They are only kept for one transaction at most.",
        "It can be used to force a vacuum of the index.",
        "The former is faster than the latter in most cases.",
        "For example, a lock may be held for a long time.",
        "Otherwise the table is vacuumed at the next run.",
        "Instead, the program waits for the lock to be free.",
        "The code above shows how the loop is started.",
        "The following sections describe the options of the command.",
        "The results are shown in Table 13.1 of the manual.",
        "In typical scenarios, this is no longer necessary at all.",
        "A lock is not needed when this method is called.",
        "If it is not, the lock has to be taken first.",
        "What does the lock protect in this program?",
        "The options are the ones listed here:",
        "Threading-like synchronization primitives that can be used in Tasks.",
        "B-tree indexes, which fit the most common situations.",
        "Utilities to run programs, create tasks, and await things.",
        "Must be called with the global lock held by the thread.",
        "Returns the list of all files in the folder.",
        "Home | Docs | About us is where the menu stands.",
        "I think that locks are slow in most of my programs.",
        "Click the button to read more about our cookie policy.",
        "Changed in version 3.9 so that the lock is released early.",
        "The call foo(x) == y is what import os gives you here.",
        "ERROR: database is not accepting commands at the moment.",
        "Too short a line.",
        "To protect against loss of very old data due to wraparound.",
        "Fixed a bug that made the lock wait for too long.",
        "It can be useful for example in callbacks when the lock is held.",
        "One is performance: knowing that a string is immutable helps.",
        "On the subscriber side, specifies how many origins can be tracked.",
        "To use them, you need to assign the user right first.",
        "What is happening here is a join between two tables.",
        "“They leave because they are not paid enough for the work.”",
        "Where it falters is the execution of the plan.",
    ],
)
def test_a_sentence_that_leans_on_its_page_is_dropped(sentence: str) -> None:
    assert read(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "trimmed"),
    [
        ("However, extra space is not returned to the system.", "Extra space is not returned to the system."),
        ("Note that a task may be cancelled at any time.", "A task may be cancelled at any time."),
        ("Generally, therefore, administrators should avoid the command.", "Administrators should avoid the command."),
        ("VACUUM reclaims the space of dead rows (see Section 25.1.5).", "VACUUM reclaims the space of dead rows."),
        ("A checkpoint flushes all data pages to disk, as described in Section 30.", "A checkpoint flushes all data pages to disk."),
        ("The city was founded in 1100 by monks.[3]", "The city was founded in 1100 by monks."),
    ],
)
def test_link_words_and_cross_references_are_trimmed(sentence: str, trimmed: str) -> None:
    assert read(sentence) == [trimmed]


def test_an_explanation_without_a_subject_is_led_by_its_term_and_quotes_it_too() -> None:
    text = "class csv.DictReader(f, fieldnames=None)\n\nCreate an object that maps each row to a dict."
    (span,) = sentences(text)
    found = statement(span, text)
    assert found is not None
    assert found.text == "csv.DictReader(): Create an object that maps each row to a dict."
    assert text[found.start : found.end] == text


def test_a_glossary_entry_is_led_by_all_words_of_its_term() -> None:
    text = "global interpreter lock\n\nThe mechanism used by CPython to assure that only one thread runs at a time."
    assert read(text) == ["global interpreter lock: The mechanism used by CPython to assure that only one thread runs at a time."]


def test_a_sentence_in_another_language_is_not_measured_by_english_grammar() -> None:
    sentence = "Die Gezeiten entstehen durch die Anziehungskraft des Mondes und der Sonne."
    assert read(sentence) == [sentence]


_PIECES = [
    *("However,", "Note that", "the lock", "is held", "(see above)", "by a thread", "VACUUM FULL", "rewrites", "tables", ","),
    *("it", "this", "[3]", "e.g.", "x.y()", "and", "3.5"),
]
_sentence = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=14).map(lambda parts: " ".join(parts) + ".")


@given(_sentence)
def test_what_is_kept_only_leaves_words_out(text: str) -> None:
    for span in sentences(text):
        found = statement(span, text)
        if found is not None:
            assert taken_from(found.text, text[found.start : found.end])


def test_a_list_item_that_is_no_sentence_is_led_by_its_heading_and_quotes_it_too() -> None:
    page = "Parental leave\n\n- Partners: 6 weeks at full pay\n- To be discussed"
    found = [made for span in sentences(page) if (made := statement(span, page))]
    assert [made.text for made in found] == ["Parental leave: Partners: 6 weeks at full pay"]
    assert page[found[0].start : found[0].end] == "Parental leave\n\n- Partners: 6 weeks at full pay"


def test_lists_of_links_say_nothing() -> None:
    assert read("See also\n\n- Chapter 3: Loggers\n- Chapter 4: Cables") == []


def test_a_pronoun_without_a_sentence_that_names_it_is_dropped() -> None:
    assert read("It stays there for 45 minutes.") == []
    assert read("See above. It stays there for 45 minutes.") == []


def test_an_order_about_something_named_before_is_dropped() -> None:
    assert read("Create it in the data directory of the standby server.") == []


def test_what_a_setting_does_when_set_needs_the_settings_name() -> None:
    assert read("If true, the commit graph is written whenever the collector runs.") == []
    assert read("If enabled, policies are applied when the user is the owner.") == []


def test_so_long_as_is_no_link_word() -> None:
    said = "So long as no deadlock is detected, a transaction waits for the lock."
    assert read(said) == [said]
    assert read("So a transaction waits for the lock.") == ["A transaction waits for the lock."]


def test_a_warning_is_told_without_its_label() -> None:
    assert read("Important warning: Default values are evaluated only once.") == ["Default values are evaluated only once."]


GLOSSARY = """Words

| word | meaning |
|---|---|
| fence | the number of an attempt, which every write of its worker has to name; a result that names an older one is refused |
| call | jsonb_set('[{"f1":1}]', '{0,f1}','[2,3,4]') → [{"f1": [2, 3, 4]}] |
"""


def test_beside_a_word_its_explanation_may_be_long_but_not_code() -> None:
    assert read(GLOSSARY) == [
        "Words (word; meaning): fence; the number of an attempt, which every write of its worker has to name;"
        " a result that names an older one is refused"
    ]


def test_a_sentence_that_goes_on_from_another_is_told_with_it() -> None:
    first = "Data written to unlogged tables is not written to the log."
    for second in ("However, they are not safe: a crash empties them.", "This makes writing considerably faster."):
        assert read(f"{first} {second}") == [first, f"{first} {second}"]
