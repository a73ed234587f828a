from __future__ import annotations

from tests.unit.state.house import House, foreach, step


def test_patience_doubles_with_each_hint_given_again_and_stops_growing(house: House) -> None:
    run = house.begin(step("a"))
    waits = []
    for _ in range(8):
        house.overdue(run, "a")
        house.database.reconciler.sweep()
        waits.append(round(house.sql("SELECT due - {now} FROM step")[0][0] / 30))
    assert waits == [1, 2, 4, 8, 16, 32, 64, 64]


def test_a_sweep_counts_what_it_found(house: House) -> None:
    run = house.begin({"group": [step("ready"), step("waiting"), step("silent")]})
    house.fail(house.take(run, "waiting"), retry_in=60)
    house.take(run, "silent")
    for at in ("ready", "waiting", "silent"):
        house.overdue(run, at)
    sweep = house.database.reconciler.sweep()
    assert (sweep.republished, sweep.timers, sweep.leases_expired, sweep.given_up, sweep.deadlines) == (1, 1, 1, 0, 0)
    assert sorted(hint.place for hint in sweep.hints) == ["ready", "silent", "waiting"]
    assert {hint.digest for hint in sweep.hints} == {house.programs[run].digest}


def test_hints_of_several_runs_name_each_its_own(house: House) -> None:
    runs = [house.begin(foreach("f", step("m")), {"items": [1]}, traceparent=f"trace-{n}") for n in range(2)]
    for run in runs:
        house.overdue(run, "m[0]")
    sweep = house.database.reconciler.sweep()
    assert {(hint.run, hint.traceparent) for hint in sweep.hints} == {(runs[0], "trace-0"), (runs[1], "trace-1")}
