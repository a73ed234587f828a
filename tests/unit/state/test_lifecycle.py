from __future__ import annotations

import pytest

from synapse.errors import Conflict, NotFound
from tests.unit.state.house import House, step

PAIR = {"chain": [step("a"), step("b")]}


def test_one_definition_is_kept_for_all_runs_of_it(house: House) -> None:
    house.begin(PAIR)
    house.begin(PAIR)
    assert house.sql("SELECT count(*) FROM workflow") == [(1,)]


def test_the_deadline_is_the_timeout_from_now(house: House) -> None:
    house.begin(PAIR, timeout=90.0)
    ((created, deadline),) = house.sql("SELECT created_at, deadline FROM run")
    assert deadline - created == pytest.approx(90, abs=0.1)


def test_a_resumed_run_has_its_whole_timeout_again(house: House) -> None:
    run = house.begin(PAIR, timeout=90.0)
    house.late(run)
    assert house.database.lifecycle.expire(run)
    assert not house.database.lifecycle.expire(run)
    house.database.lifecycle.resume(house.programs[run], run)
    ((left,),) = house.sql("SELECT deadline - {now} FROM run")
    assert left == pytest.approx(90, abs=1)


def test_a_run_that_ended_before_any_step_was_made_has_nothing_to_resume(house: House) -> None:
    run = house.begin(PAIR)
    house.database.lifecycle.cancel(run, "x")
    house.sql("DELETE FROM step")
    with pytest.raises(Conflict, match="no step to go on from"):
        house.database.lifecycle.resume(house.programs[run], run)
    assert house.state(run) == "cancelled"


def test_to_stop_a_run_that_is_not_there_says_so(house: House) -> None:
    with pytest.raises(NotFound, match="'nowhere'"):
        house.database.lifecycle.cancel("nowhere", "x")
