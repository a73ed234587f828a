from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from synapse.contracts.principal import Tenant
from synapse.contracts.schedule import FiringOutcome
from synapse.contracts.webhook import WebhookEvent, WebhookRequest
from synapse.errors import Conflict, NotFound, Permanent
from synapse.state import driver
from synapse.state.firings import FIRED, Verdict
from tests.unit.state.house import House, foreach, program_of, step
from tests.unit.state.timed import ECHO, due, fire, made, new_run, now, request

DEFAULT = Tenant("default")
MISSED = Verdict(FiringOutcome.SKIPPED, "missed")


def history(house: House, schedule: str) -> list[tuple[Any, ...]]:
    page = house.database.schedules.history(DEFAULT, schedule)
    return [(each.due, each.outcome.value, each.code, each.run) for each in reversed(page.firings)]


def test_what_has_come_is_due_and_what_waits_longest_is_first(house: House) -> None:
    made(house, due=now(house) + timedelta(hours=1))
    made(house, paused=True)
    old, new = made(house, due=now(house) - timedelta(hours=1)), made(house)
    assert [each.schedule.id for each in house.database.firings.due(9)] == [old.id, new.id]
    assert [each.schedule.id for each in house.database.firings.due(1)] == [old.id]


def test_jitter_holds_a_due_time_back(house: House) -> None:
    held = [made(house, due=now(house), jitter_seconds=3600) for _ in range(8)]
    found = {each.schedule.id for each in house.database.firings.due(99)}
    assert found < {each.id for each in held}
    house.sql("UPDATE schedule SET fire_at = {in:ago}", ago=-1.0)
    assert {each.schedule.id for each in house.database.firings.due(99)} == {each.id for each in held}


def test_a_firing_begins_the_run_and_sets_the_next_due_time(house: House) -> None:
    kept = made(house)
    each = due(house)
    settled = fire(house, each, run="r1")
    assert settled is not None
    assert (settled.outcome, [hint.run for hint in settled.hints]) == (FiringOutcome.FIRED, ["r1"])
    assert (house.state("r1"), house.names("r1")) == ("running", ["run.created"])
    found = house.database.schedules.get(DEFAULT, kept.id)
    assert (found.next_due, found.last_due, found.last_run) == (each.due + timedelta(hours=1), each.due, "r1")
    assert house.database.firings.due(9) == []


def test_who_comes_second_fires_nothing(house: House) -> None:
    kept = made(house)
    each = due(house)
    assert fire(house, each, run="r1") is not None
    assert fire(house, each, run="r2") is None
    assert history(house, kept.id) == [(each.due, "fired", None, "r1")]
    assert house.sql("SELECT count(*) FROM run") == [(1,)]


def test_a_due_time_that_history_knows_is_never_fired_again_whatever_the_schedule_says(house: House) -> None:
    kept = made(house)
    each = due(house)
    fire(house, each, run="r1")
    house.sql("UPDATE schedule SET due = :was, fire_at = :was", was=house.database.driver.stored(each.due))
    assert fire(house, each, run="r2") is None
    assert house.sql("SELECT count(*) FROM run") == [(1,)]
    assert house.database.schedules.get(DEFAULT, kept.id).next_due == each.due + timedelta(hours=1)


def test_a_schedule_that_was_changed_paused_or_dropped_meanwhile_is_looked_at_again(house: House) -> None:
    kept = made(house)
    each = due(house)
    house.sql("UPDATE schedule SET updated_at = {in:later}", later=1.0)
    assert fire(house, each) is None
    (fresh,) = house.database.firings.due(9)
    house.database.schedules.replace(DEFAULT, kept.id, request(name="x", paused=True), None)
    assert fire(house, fresh) is None
    house.database.schedules.drop(DEFAULT, kept.id)
    assert fire(house, fresh) is None
    assert house.sql("SELECT count(*) FROM run") == [(0,)]


def test_while_the_last_run_is_under_way_the_next_is_skipped_where_that_is_wanted(house: House) -> None:
    first = now(house) - timedelta(hours=3)
    kept = made(house, due=first)
    fire(house, due(house), run="r1")
    settled = fire(house, due(house), run="r2")
    assert settled is not None
    assert (settled.outcome, settled.code, settled.hints) == (FiringOutcome.SKIPPED, "overlap", ())
    house.database.lifecycle.cancel("r1", "enough")
    fire(house, due(house), run="r3")
    hour = timedelta(hours=1)
    assert history(house, kept.id) == [
        (first, "fired", None, "r1"),
        (first + hour, "skipped", "overlap", None),
        (first + 2 * hour, "fired", None, "r3"),
    ]
    # It was skipped, not begun: what counts from now on is still the run before.
    assert house.sql("SELECT id FROM run ORDER BY id") == [("r1",), ("r3",)]


def test_runs_of_a_schedule_overlap_where_that_is_allowed(house: House) -> None:
    made(house, due=now(house) - timedelta(hours=3), overlap="allow")
    fire(house, due(house), run="r1")
    settled = fire(house, due(house), run="r2")
    assert settled is not None
    assert settled.outcome is FiringOutcome.FIRED


def test_what_was_missed_is_one_row_and_begins_nothing(house: House) -> None:
    kept = made(house, due=now(house) - timedelta(hours=5))
    each = due(house)
    until, following = each.due + timedelta(hours=4), each.due + timedelta(hours=6)
    settled = house.database.firings.settle(each, following, Verdict(FiringOutcome.SKIPPED, "missed", until=until))
    assert settled is not None
    assert settled.code == "missed"
    (row,) = house.database.schedules.history(DEFAULT, kept.id).firings
    assert (row.due, row.until, row.outcome, row.run) == (each.due, until, FiringOutcome.SKIPPED, None)
    found = house.database.schedules.get(DEFAULT, kept.id)
    assert (found.next_due, found.last_due) == (following, until)


def test_webhooks_are_told_of_a_refused_due_time(house: House) -> None:
    asked = WebhookRequest(url="https://hooks.example.com/", events=frozenset({WebhookEvent.SCHEDULE_REFUSED}))
    house.database.webhooks.add(DEFAULT, "w1", asked, "whsec_AAAA", by="anna")
    kept = made(house)
    each = due(house)
    house.database.firings.settle(each, None, Verdict(FiringOutcome.REFUSED, "not-found", "gone"))
    (claimed,) = house.database.deliveries.claim("w1", 9, 60.0)
    assert (claimed.event, claimed.data) == ("schedule.refused", {"schedule": kept.id, "code": "not-found"})


def test_a_schedule_that_has_no_next_due_time_rests(house: House) -> None:
    kept = made(house)
    house.database.firings.settle(due(house), None, MISSED)
    assert house.database.schedules.get(DEFAULT, kept.id).next_due is None
    assert house.database.firings.due(9) == []


def test_where_the_first_step_cannot_be_made_nothing_is_written(house: House) -> None:
    kept = made(house)
    each = due(house)
    broken = program_of(foreach("f", step("a"), items="'no list'"))
    with pytest.raises(Permanent):
        house.database.firings.settle(each, None, FIRED, (broken, new_run("r1")))
    assert history(house, kept.id) == []
    assert (due(house).schedule, due(house).due) == (each.schedule, each.due)


def test_a_run_can_be_triggered_also_while_the_schedule_is_paused(house: House) -> None:
    kept = made(house, paused=True)
    new = new_run("r1")
    firing, hints = house.database.firings.trigger(DEFAULT, kept, ECHO, new)
    assert (firing.run, firing.manual, firing.outcome, firing.state) == ("r1", True, FiringOutcome.FIRED, "running")
    assert [hint.run for hint in hints] == ["r1"]
    found = house.database.schedules.get(DEFAULT, kept.id)
    assert (found.last_run, found.next_due, found.last_due) == ("r1", None, None)
    (row,) = house.database.schedules.history(DEFAULT, kept.id).firings
    assert row == firing


def test_a_dropped_schedule_cannot_be_triggered(house: House) -> None:
    kept = made(house)
    house.database.schedules.drop(DEFAULT, kept.id)
    with pytest.raises(NotFound):
        house.database.firings.trigger(DEFAULT, kept, ECHO, new_run("r1"))
    assert house.sql("SELECT count(*) FROM run") == [(0,)]


@contextmanager
def one_instant(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database's clock stands still: on PostgreSQL it does within a transaction."""
    if house.database.driver.name == "postgresql":
        with house.database.driver.transaction():
            yield
        return
    monkeypatch.setattr(driver, "_SQLITE_NOW", "1764000000.5")
    driver._sqlite.cache_clear()
    yield
    monkeypatch.undo()
    driver._sqlite.cache_clear()


def test_two_triggers_in_one_instant_are_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = made(house)
    with one_instant(house, monkeypatch):
        house.database.firings.trigger(DEFAULT, kept, ECHO, new_run("r1"))
        with pytest.raises(Conflict):
            house.database.firings.trigger(DEFAULT, kept, ECHO, new_run("r2"))
    assert house.sql("SELECT id FROM run") == [("r1",)]
