from __future__ import annotations

from synapse.state.records import Note
from synapse.state.writes import join_parameters, note_parameters, put_items, step_parameters
from synapse.workflows.advance import NewJoin, NewStep
from synapse.workflows.values import Rows
from tests.unit.state.house import House, foreach, program_of, step

PROGRAM = program_of(foreach("f", step("m")))


def test_numbers_of_events_are_reserved_only_while_the_run_runs(house: House) -> None:
    run = house.begin(step("a"))
    with house.database.driver.transaction() as session:
        assert house.database.ledger.writes.count(session, run, 3) == 4
    house.database.lifecycle.cancel(run, "x")
    with house.database.driver.transaction() as session:
        assert house.database.ledger.writes.count(session, run, 1) is None


def test_a_member_arrives_once(house: House) -> None:
    run = house.begin(PROGRAM, {"items": [1, 2, 3]})
    writes, join = house.database.ledger.writes, PROGRAM.nodes["f"]
    with house.database.driver.transaction() as session:
        assert writes.arrive(session, run, join, (), 1, True) == (2, 1)
        assert writes.arrive(session, run, join, (), 1, True) is None
        assert writes.arrive(session, run, join, (), 0, False) == (1, 1)


def test_one_item_or_all_of_them_are_kept_as_was_asked() -> None:
    rows = Rows()
    put_items(rows, "f", (), ["x", "y"], None)
    put_items(rows, "f", (), ["x", "y"], 1)
    put_items(rows, "f", (), ["x", "y"], 7)
    put_items(rows, "f", (4,), None, 0)
    assert rows.items == {("f", ()): ["x", "y"]}
    assert rows.members == {("f", (1,)): "y"}


def test_rows_become_parameters() -> None:
    join = join_parameters(NewJoin(PROGRAM.nodes["f"], (), 3, ["x", "y", "z"], (1,)))
    assert join == {"node": "f", "idx": "", "width": 3, "pending": 2, "succeeded": 1, "items": '["x","y","z"]'}
    assert step_parameters(NewStep(PROGRAM.nodes["m"], (2,))) == {"node": "m", "idx": "00002", "agent": "echo"}
    assert note_parameters(Note("log_broadcast", "x", data={"a": 1}))["data"] == '{"a":1}'
