from __future__ import annotations

from synapse.state.events import START
from tests.unit.state.house import House, step


def test_events_of_a_run_are_read_on_from_a_number(house: House) -> None:
    run = house.begin({"chain": [step("a"), step("b")]})
    house.do(run, "a", "b")
    events = house.database.events
    assert [event.seq for event in events.of_run(run, after=2, limit=2)] == [3, 4]
    assert events.of_run(run, after=99) == []
    assert events.of_run("nowhere") == []


def test_a_follower_goes_on_where_its_cursor_stands(house: House) -> None:
    one, other = house.begin(step("a")), house.begin(step("a"))
    house.do(one, "a")
    first, cursor = house.database.events.follow(START, limit=3)
    rest, cursor = house.database.events.follow(cursor)
    assert [(event.run, event.seq) for event in first + rest] == [(one, 1), (other, 1), (one, 2), (one, 3), (one, 4)]
    assert house.database.events.follow(cursor) == ([], cursor)
    house.take(other, "a")
    assert [event.name for event in house.database.events.follow(cursor)[0]] == ["step.started"]


def test_the_newest_cursor_of_an_empty_log_is_its_start(house: House) -> None:
    assert house.database.events.newest() == START
