"""Which runs a filter matches, asked of a database; tests/integration/state asks both of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from synapse.contracts.run import RunFilter, RunState
from synapse.errors import InvalidInput
from synapse.state.filters import read_cursor, write_cursor
from tests.unit.state.house import House, step


def ids(house: House, **wanted: Any) -> list[str]:
    return house.database.queries.ids(RunFilter(**wanted), limit=100)[0]


def test_labels_are_matched_by_key_and_value_or_by_key_and_all_of_them(house: House) -> None:
    a = house.begin(step("a"), labels={"team": "sales", "ticket": "1"})
    b = house.begin(step("a"), labels={"team": "support", "example.org/x": 'R&D "1"'})
    house.begin(step("a"))
    assert ids(house, label=("team",)) == [b, a]
    assert ids(house, label=("team:sales",)) == [a]
    assert ids(house, label=("team", "ticket:1")) == [a]
    assert ids(house, label=("team:support", "ticket:1")) == []
    assert ids(house, label=('example.org/x:R&D "1"',)) == [b]
    assert ids(house, label=("team:",)) == []
    assert house.database.queries.run(a).labels == {"team": "sales", "ticket": "1"}


def test_a_value_that_looks_like_another_type_is_a_text(house: House) -> None:
    run = house.begin(step("a"), labels={"n": "1", "t": "true", "z": "null"})
    for label in ("n:1", "t:true", "z:null"):
        assert ids(house, label=(label,)) == [run]
    assert ids(house, label=("n:1.0",)) == []


def test_times_are_from_the_first_and_before_the_second_whatever_their_zone(house: House) -> None:
    runs = [house.begin(step("a")) for _ in range(3)]
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    for number, run in enumerate(runs):
        moment = (noon + timedelta(hours=number)).timestamp()
        value = ":at" if house.database.driver.name == "sqlite" else "to_timestamp(:at)"
        house.sql(f"UPDATE run SET created_at = {value} WHERE id = :run", run=run, at=moment)
    assert ids(house, created_after=noon + timedelta(hours=1)) == [runs[2], runs[1]]
    assert ids(house, created_before=noon + timedelta(hours=1)) == [runs[0]]
    assert ids(house, created_after=datetime.fromisoformat("2026-01-02T14:00:00+01:00"), created_before=noon + timedelta(hours=2)) == [
        runs[1]
    ]
    assert ids(house, created_after=datetime.fromisoformat("0001-01-01T00:00:00+14:00")) == runs[::-1]
    assert ids(house, created_before=datetime.fromisoformat("9999-12-31T23:59:59-14:00")) == runs[::-1]


def test_filters_are_all_true_of_what_is_found_page_by_page(house: House) -> None:
    for number in range(7):
        house.begin(step("a"), {"question": f"ants {'food' if number % 2 else 'paths'}"}, labels={"odd": str(number % 2)})
    for run in ("r2", "r6"):
        house.database.lifecycle.cancel(run, "x")
    wanted = RunFilter(search="ants food", label=("odd:1",), state=(RunState.RUNNING, RunState.CANCELLED), workflow="w")
    found, cursor = [], None
    while True:
        page, cursor = house.database.queries.ids(wanted, limit=1, cursor=cursor)
        found += page
        if cursor is None:
            break
    assert found == ["r6", "r4", "r2"]
    assert ids(house, state=("cancelled",)) == ["r6", "r2"]
    assert ids(house, workflow="other") == []


def test_a_run_that_comes_meanwhile_moves_nothing_on_the_pages_to_come(house: House) -> None:
    for _ in range(3):
        house.begin(step("a"))
    first, cursor = house.database.queries.ids(RunFilter(), limit=2)
    house.begin(step("a"))
    assert (first, house.database.queries.ids(RunFilter(), limit=2, cursor=cursor)) == (["r3", "r2"], (["r1"], None))


@pytest.mark.parametrize("at", ["2026-01-02T03:04:05.678+00:00", "0001-01-01T00:00:00+14:00"])
def test_a_cursor_is_what_it_was_written_from(at: str) -> None:
    moment = datetime.fromisoformat(at)
    assert read_cursor(write_cursor(moment, "r1")) == (moment, "r1")


@pytest.mark.parametrize(
    "cursor",
    ["x", "bnVsbA", "WzEsMl0", "e30", "!!", "WyIyMDI2LTAxLTAyIiwgInIiXQ", "WyIyMDI2LTAxLTAyVDAwOjAwOjAwWiIsICJcdTAwMDAiXQ", "[" * 300],
)
def test_a_cursor_of_somebody_else_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="not a cursor"):
        read_cursor(cursor)
