from __future__ import annotations

from tests.unit.state.house import House, step


def test_each_run_that_there_is_has_its_tenant(house: House) -> None:
    runs = {house.begin(step("a"), tenant=tenant): tenant for tenant in ("acme", "initech")}
    assert house.database.tenants.of([*runs, "no-such-run"]) == runs
    assert house.database.tenants.of([]) == {}
