from __future__ import annotations

from datetime import timedelta

import pytest

from synapse.errors import InvalidInput, NotFound
from synapse.state.dead_letters import DeadLetters
from tests.moments import assert_utc
from tests.unit.dead import DIED, HINT, corpse
from tests.unit.state.house import House


@pytest.fixture
def letters(house: House) -> DeadLetters:
    return house.database.dead_letters


def test_a_letter_is_kept_with_its_content(letters: DeadLetters) -> None:
    letters.record([corpse()], DIED + timedelta(seconds=90))
    (listed,) = letters.page().letters
    assert (listed.queue, listed.reason, listed.run, listed.step, listed.size) == ("synapse-search", "rejected", "r1", "a[0]", len(HINT))
    assert_utc(listed.died_at, listed.recorded_at - timedelta(seconds=91), listed.recorded_at - timedelta(seconds=89))
    found = letters.get(listed.id)
    assert (found.body, found.kept, found.routing_key) == (HINT.decode(), True, "synapse-search")
    assert found.properties["headers"] == {"task": "synapse.search"}
    assert letters.content(listed.id).body == HINT


def test_what_comes_twice_is_kept_once(letters: DeadLetters) -> None:
    for _ in range(2):
        letters.record([corpse(), corpse(b"other")], DIED)
    assert letters.count() == 2


def test_pages_go_from_the_newest_to_the_oldest_without_a_gap(letters: DeadLetters) -> None:
    letters.record([corpse(bytes([number])) for number in range(5)], DIED)
    first = letters.page(limit=2)
    second = letters.page(limit=2, cursor=first.next)
    third = letters.page(limit=2, cursor=second.next)
    ids = [letter.id for page in (first, second, third) for letter in page.letters]
    assert ids == sorted(ids, key=int, reverse=True)
    assert (len(set(ids)), third.next) == (5, None)


@pytest.mark.parametrize("cursor", ["x", "-1", "1" * 30, "", "²"])
def test_a_cursor_that_no_page_gave_is_refused(letters: DeadLetters, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="no such page"):
        letters.page(cursor=cursor)


def test_a_dropped_letter_is_gone(letters: DeadLetters) -> None:
    letters.record([corpse()], DIED)
    (listed,) = letters.page().letters
    letters.drop(listed.id)
    assert letters.count() == 0
    for ask in (letters.get, letters.content, letters.drop):
        with pytest.raises(NotFound):
            ask(listed.id)


@pytest.mark.parametrize("name", ["0", "x", "1" * 40, "²"])
def test_what_is_no_letter_is_not_found(letters: DeadLetters, name: str) -> None:
    for ask in (letters.get, letters.content, letters.drop):
        with pytest.raises(NotFound):
            ask(name)


def test_a_body_that_was_not_kept_is_said_to_be_missing(letters: DeadLetters) -> None:
    letters.record([corpse(b"x" * 1_000_001)], DIED)
    (listed,) = letters.page().letters
    found = letters.get(listed.id)
    assert (found.size, found.body, found.kept) == (1_000_001, "", False)
