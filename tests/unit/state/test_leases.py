from __future__ import annotations

from tests.unit.state.house import House


def test_duties_of_different_names_are_held_apart(house: House) -> None:
    assert house.database.leases.take("one", "x", 60)[0]
    assert house.database.leases.take("two", "y", 60)[0]
    assert not house.database.leases.take("one", "y", 60)[0]


def test_a_lease_that_ran_out_goes_to_whoever_asks_first_with_its_note(house: House) -> None:
    house.database.leases.take("one", "x", -1.0)
    house.database.leases.leave("one", "x", "half-way")
    assert house.database.leases.take("one", "y", 60) == (True, "half-way")
    assert house.database.leases.take("one", "x", 60) == (False, None)
