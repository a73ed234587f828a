from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synapse.research.corroborate import overlap, same_statement
from synapse.research.editions import Editions, editions
from synapse.research.passages import Document, Index, index
from synapse.research.succession import Succession, says_otherwise
from tests.unit.research.factory import document

TITLE = "Leave policy of the company"


def edition(text: str, version: int) -> Document:
    return document(text, f"https://example.org/v{version}/leave", TITLE)


def succession(indexed: Index) -> Succession:
    return Succession(indexed, editions(indexed.documents), lambda at: True)


def otherwise(old: str, new: str) -> bool:
    passages = index([edition(old, 1), edition(new, 2)]).passages
    return says_otherwise(passages[-2], passages[-1])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Employees receive 23 days of leave a year.", "Each year employees receive 26 days of leave."),
        ("Visitors may park in the yard.", "Visitors may not park in the yard."),
        ("Passwords must be changed every quarter.", "Passwords must be changed only after a breach is known."),
    ],
)
def test_another_value_a_denial_or_another_ending_in_the_same_place_is_otherwise(old: str, new: str) -> None:
    assert otherwise(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Employees receive 23 days of leave a year.", "Laptops are replaced after 4 years."),
        ("The office was moved in 2019.", "The office was moved in 2021."),
        ("Leave of 14 days is usual for employees.", "Leave of two weeks is usual for employees."),
    ],
)
def test_another_matter_what_was_and_the_same_quantity_are_not(old: str, new: str) -> None:
    assert not otherwise(old, new)


def test_a_row_is_succeeded_by_the_row_with_the_same_first_cell() -> None:
    tables = [f"| product | price |\n|---|---|\n| logger | £{price} |\n| Sensor | £9 |" for price in (20, 25)]
    indexed = index([edition(text, version) for version, text in enumerate(tables, start=1)])
    found = succession(indexed)
    texts = [passage.span.text for passage in indexed.passages]
    old, new = (next(at for at, text in enumerate(texts) if price in text) for price in ("£20", "£25"))
    assert found.successors(old) == (new,)
    assert found.successors(new) == ()


def test_nothing_succeeds_what_the_newer_edition_still_says() -> None:
    said = "Employees receive 23 days of leave a year."
    indexed = index([edition(said, 1), edition(f"{said}\n\nEmployees receive 26 days of leave a year after ten years.", 2)])
    assert succession(indexed).successors(0) == ()


def test_a_passage_that_cannot_be_told_alone_succeeds_nothing() -> None:
    indexed = index([edition("Employees receive 23 days of leave.", 1), edition("Employees receive 26 days of leave.", 2)])
    known = editions(indexed.documents)
    assert Succession(indexed, known, lambda at: True).successors(0) == (1,)
    assert Succession(indexed, known, lambda at: False).successors(0) == ()


def plainly(indexed: Index, known: Editions, at: int) -> tuple[int, ...]:
    """Successors by comparing with every sentence of every newer edition."""
    old = indexed.passages[at]
    newer = {place: passage for place, passage in enumerate(indexed.passages) if passage.document in known.newer[old.document]}
    if any(same_statement(indexed, old, passage) for passage in newer.values()):
        return ()
    found = [place for place, passage in newer.items() if says_otherwise(old, passage)]
    return tuple(sorted(found, key=lambda place: (-overlap(indexed, old, indexed.passages[place]), place)))


SUBJECTS = ("Employees", "The staff", "Every visitor of the IPv4-only site", "They", "The utf8_general, latin-1 and 5-x codecs")
VERBS = ("receive", "must return", "do not receive", "were given", "is not")
OBJECTS = ("23 days of leave", "26 days of leave", "two weeks of leave", "14 days", "badges", "3-year badges of leave, not days", "")
ENDS = (".", " a year.", " at the front desk of the building.", " in version 3 of the policy.", " on 5 March 2024.")
SENTENCES = st.builds("{} {} {}{}".format, *map(st.sampled_from, (SUBJECTS, VERBS, OBJECTS, ENDS)))
ROWS = st.builds("| thing | number |\n|---|---|\n| {} | {} |".format, st.sampled_from(OBJECTS[:3]), st.integers(1, 3))
PAGES = st.lists(st.one_of(SENTENCES, SENTENCES, ROWS), min_size=1, max_size=8).map("\n\n".join)


@settings(max_examples=100)
@given(st.lists(PAGES, min_size=2, max_size=4, unique=True))
def test_looking_words_up_finds_what_comparing_every_sentence_finds(pages: list[str]) -> None:
    indexed = index([edition(text, version) for version, text in enumerate(pages)])
    found, known = succession(indexed), editions(indexed.documents)
    for at in range(len(indexed.passages)):
        assert found.successors(at) == plainly(indexed, known, at)
