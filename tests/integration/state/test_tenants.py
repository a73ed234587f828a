"""Whose runs are, asked of both databases."""

from __future__ import annotations

from tests.unit.state.house import KEEP, House, step


def test_each_run_that_there_is_has_its_tenant(house: House) -> None:
    runs = {house.begin(step("a"), tenant=tenant): tenant for tenant in ("acme", "initech")}
    assert house.database.tenants.of([*runs, "no-such-run"]) == runs


def test_a_claimed_step_knows_whose_it_is_and_so_does_the_one_that_is_gone_on_with(house: House) -> None:
    run = house.begin({"chain": [step("a"), step("b")]}, tenant="acme")
    first = house.take(run, "a")
    kept = house.complete(first, {}, KEEP).kept
    assert kept is not None
    assert (first.tenant, kept.tenant) == ("acme", "acme")
