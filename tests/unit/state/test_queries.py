from __future__ import annotations

import pytest

from synapse.errors import InvalidInput, Unavailable
from synapse.state.queries import open_engine
from tests.unit.state.house import House, foreach, step


@pytest.mark.parametrize("cursor", ["nonsense", "!!", "W10", "bnVsbA", "WzEsMl0"])
def test_a_cursor_of_somebody_else_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="not a cursor"):
        house.database.queries.runs(cursor=cursor)


def test_a_run_s_value_has_the_members_that_were_not_skipped(house: House) -> None:
    run = house.begin(foreach("f", step("m", on_error="skip")), {"items": [1, 2]})
    house.fail(house.take(run, "m[0]"), skip=True)
    house.do(run, "m[1]")
    assert house.output(run) == [{"at": "m[1]"}]


def test_the_last_page_has_no_next(house: House) -> None:
    for _ in range(2):
        house.begin(step("a"))
    queries = house.database.queries
    assert queries.runs(limit=2).next is None
    first = queries.runs(limit=1)
    last = queries.runs(limit=1, cursor=first.next)
    assert ([run.id for run in first.runs + last.runs], last.next) == (["r2", "r1"], None)


def test_a_database_that_is_away_is_said_to_be() -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable, match="does not answer"), engine.connect():
        """Nobody listens there."""
