from __future__ import annotations

import pytest

from synapse.errors import InvalidInput, NotFound
from synapse.state import labels
from tests.unit.state.house import House, step


def test_a_change_is_kept_and_a_refused_one_changes_nothing(house: House) -> None:
    run = house.begin(step("a"), labels={"team": "sales"})
    driver = house.database.driver
    assert labels.change(driver, run, {"ticket": "1", "team": None}) == {"ticket": "1"}
    with pytest.raises(InvalidInput):
        labels.change(driver, run, {f"k{number}": "" for number in range(32)})
    assert house.database.queries.run(run).labels == {"ticket": "1"}


def test_a_run_that_there_is_not_has_none(house: House) -> None:
    with pytest.raises(NotFound):
        labels.change(house.database.driver, "nobody", {"a": "b"})
