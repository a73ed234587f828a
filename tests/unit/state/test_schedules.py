from __future__ import annotations

from datetime import timedelta

import pytest

from synapse.contracts.principal import Tenant
from synapse.errors import Conflict, InvalidInput, NotFound
from synapse.state.firings import KEPT
from tests.unit.state.house import House
from tests.unit.state.timed import due, fire, made, now, request

OTHER = Tenant("other")


def test_a_schedule_is_kept_as_it_was_asked_for(house: House) -> None:
    first = now(house) + timedelta(hours=1)
    asked = request(
        name="näme", run={"workflow": "echo", "input": {"text": "x"}, "priority": 7}, jitter_seconds=1.5, time_zone="Europe/Berlin"
    )
    kept = house.database.schedules.add(Tenant("acme"), "s1", asked, first, by="anna")
    assert kept == house.database.schedules.get(Tenant("acme"), "s1")
    assert request(**kept.model_dump(include=type(asked).model_fields.keys())) == asked
    assert (kept.created_by, kept.next_due, kept.last_due, kept.last_run) == ("anna", first, None, None)


def test_two_of_a_name_are_refused_within_a_tenant_only(house: House) -> None:
    made(house, name="weekly")
    made(house, name="weekly", tenant=OTHER)
    with pytest.raises(Conflict) as caught:
        made(house, name="weekly")
    assert caught.value.field == "name"


def test_to_add_what_was_added_is_no_conflict_for_its_commit_may_have_been_in_doubt(house: House) -> None:
    kept = made(house)
    again = house.database.schedules.add(Tenant("default"), kept.id, request(name=kept.name), kept.next_due, by="anna")
    assert again == kept


def test_another_tenants_schedule_is_like_none(house: House) -> None:
    schedules, kept = house.database.schedules, made(house)
    assert (schedules.list(OTHER), schedules.count(OTHER), schedules.count(Tenant("default"))) == ((), 0, 1)
    for ask in (schedules.get, schedules.drop, schedules.history):
        with pytest.raises(NotFound, match=kept.id):
            ask(OTHER, kept.id)
    with pytest.raises(NotFound):
        schedules.replace(OTHER, kept.id, request(), None)
    assert schedules.get(Tenant("default"), kept.id) == kept


def test_a_replaced_schedule_keeps_its_id_and_is_due_anew(house: House) -> None:
    kept, later = made(house), now(house) + timedelta(days=1)
    other = made(house, name="taken")
    found = house.database.schedules.replace(Tenant("default"), kept.id, request(name="new", every_seconds=60), later)
    assert (found.id, found.name, found.every_seconds, found.next_due) == (kept.id, "new", 60, later)
    with pytest.raises(Conflict) as caught:
        house.database.schedules.replace(Tenant("default"), kept.id, request(name=other.name), later)
    assert caught.value.field == "name"


def test_schedules_are_listed_by_name(house: House) -> None:
    for name in ("b", "a", "c"):
        made(house, name=name)
    assert [each.name for each in house.database.schedules.list(Tenant("default"))] == ["a", "b", "c"]


def test_a_dropped_schedule_is_gone_with_its_history_and_its_runs_stay(house: House) -> None:
    kept = made(house)
    fire(house, due(house), run="r1")
    house.database.schedules.drop(Tenant("default"), kept.id)
    assert house.sql("SELECT (SELECT count(*) FROM schedule), (SELECT count(*) FROM firing)") == [(0, 0)]
    assert house.state("r1") == "running"
    with pytest.raises(NotFound):
        house.database.schedules.drop(Tenant("default"), kept.id)


def test_history_is_read_page_by_page_newest_first_with_where_the_runs_stand(house: House) -> None:
    first = now(house) - timedelta(hours=5)
    kept = made(house, due=first, overlap="allow")
    for n in range(5):
        fire(house, due(house), run=f"r{n}")
    house.database.lifecycle.cancel("r4", "enough")
    page = house.database.schedules.history(Tenant("default"), kept.id, limit=3)
    assert [(each.run, each.state) for each in page.firings] == [("r4", "cancelled"), ("r3", "running"), ("r2", "running")]
    rest = house.database.schedules.history(Tenant("default"), kept.id, limit=3, cursor=page.next)
    assert [each.due for each in rest.firings] == [first + timedelta(hours=1), first]
    assert rest.next is None
    for cursor in ("nonsense", "2026-01-01T00:00:00"):
        with pytest.raises(InvalidInput):
            house.database.schedules.history(Tenant("default"), kept.id, cursor=cursor)


def test_history_is_kept_for_so_many_due_times(house: House) -> None:
    kept = made(house, overlap="allow")
    old = "INSERT INTO firing (schedule, due, outcome, manual, at) VALUES (:id, {in:ago}, 'skipped', :no, {now})"
    with house.database.driver.transaction() as session:
        for n in range(KEPT + 5):
            session.rows(old, {"id": kept.id, "ago": -86_400.0 - n, "no": False})
    fire(house, due(house), run="newest")
    assert house.sql("SELECT count(*) FROM firing") == [(KEPT + 1,)]
    assert house.database.schedules.history(Tenant("default"), kept.id, limit=1).firings[0].run == "newest"
