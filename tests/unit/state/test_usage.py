"""What was used, asked of a database; tests/integration/state asks both of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from synapse.contracts.principal import DEFAULT_TENANT, Tenant
from synapse.contracts.usage import DayUsage
from tests.unit.state.house import House, step

PAIR = {"chain": [step("a"), step("b")]}


def used(house: House, tenant: Tenant = DEFAULT_TENANT) -> tuple[DayUsage, ...]:
    return house.database.of(tenant).usage(date(2026, 1, 1), date(2026, 1, 31), ["echo"])


def carried(calls: int, tokens: int, cost: float) -> dict[str, Any]:
    return {"model": {"usage": {"calls": calls, "tokens_in": tokens, "tokens_out": 2 * tokens, "cost": cost}, "notes": []}}


def on(house: House, run: str, at: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
    value = ":at" if house.database.driver.name == "sqlite" else "to_timestamp(:at)"
    house.sql(f"UPDATE run SET created_at = {value} WHERE id = :run", run=run, at=moment)


def test_of_what_a_run_carries_along_the_last_counts_and_runs_are_added_up_by_day(house: House) -> None:
    for at, days_runs in (("2026-01-02T00:00:00", 2), ("2026-01-02T23:59:59", 1), ("2026-01-03T00:00:00", 1)):
        for _ in range(days_runs):
            run = house.begin(PAIR)
            house.do(run, "a", output=carried(1, 100, 0.25))
            house.do(run, "b", output=carried(3, 3_000_000_000, 0.5))
            on(house, run, at)
    found = used(house)
    assert [(str(each.day), each.runs, each.steps, each.model_calls, each.cost) for each in found] == [
        ("2026-01-03", 1, 2, 3, 0.5),
        ("2026-01-02", 3, 6, 9, 1.5),
    ]
    assert (found[0].tokens_in, found[0].tokens_out) == (3_000_000_000, 6_000_000_000)


def test_bytes_are_those_of_what_steps_gave_in_place_or_as_a_blob(house: House) -> None:
    run = house.begin(PAIR)
    house.do(run, "a", output={"x": "é" * 100})
    house.do(run, "b", output={"x": "y" * 200_000})
    on(house, run, "2026-01-02T12:00:00")
    assert 200_200 <= used(house)[0].bytes <= 200_250


def test_other_days_and_other_tenants_are_left_out(house: House) -> None:
    for at in ("2025-12-31T23:59:59", "2026-02-01T00:00:00"):
        on(house, house.begin(PAIR), at)
    assert used(house) == ()
    run = house.begin(PAIR)
    on(house, run, "2026-01-31T23:59:59")
    assert used(house)[0].model_dump(exclude={"day"}) == {**DayUsage(day=date.min).model_dump(exclude={"day"}), "runs": 1}
    assert used(house, Tenant("other")) == ()
