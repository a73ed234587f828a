from __future__ import annotations

from typing import Any

import pytest

from synapse.contracts.principal import Tenant
from synapse.contracts.webhook import WebhookEvent, WebhookRequest
from synapse.state import outbox
from tests.unit.state.house import House, step

DEFAULT = Tenant("default")
PAIR = {"chain": [step("a"), step("b")]}


def hook(house: House, name: str, *events: WebhookEvent, tenant: Tenant = DEFAULT, enabled: bool = True) -> None:
    asked = WebhookRequest(url="https://hooks.example.com/", events=frozenset(events or WebhookEvent), enabled=enabled)
    house.database.webhooks.add(tenant, name, asked, "whsec_AAAA", by="anna")


def told(house: House) -> list[tuple[str, str, str, dict[str, Any]]]:
    rows = house.sql("SELECT webhook, event, about, data FROM delivery ORDER BY webhook, about")
    return [(webhook, event, about, house.database.driver.loads(data)) for webhook, event, about, data in rows]


def test_the_end_of_a_run_is_told_to_who_has_subscribed_to_it(house: House) -> None:
    hook(house, "all")
    hook(house, "failures", WebhookEvent.RUN_FAILED)
    hook(house, "off", enabled=False)
    hook(house, "other", tenant=Tenant("other"))
    good, bad = house.begin(PAIR), house.begin(PAIR)
    house.drain(good)
    house.fail(house.take(bad, "a"))
    assert told(house) == [
        ("all", "run.completed", f"{good}:6", {"run": good, "workflow": "w", "code": None}),
        ("all", "run.failed", f"{bad}:4", {"run": bad, "workflow": "w", "code": "permanent"}),
        ("failures", "run.failed", f"{bad}:4", {"run": bad, "workflow": "w", "code": "permanent"}),
    ]
    assert {(run, seq) for run, seq in house.sql("SELECT run, seq FROM event WHERE name IN ('run.succeeded', 'run.failed')")} == {
        (good, 6),
        (bad, 4),
    }


def test_a_cancelled_run_and_one_past_its_deadline_are_told(house: House) -> None:
    hook(house, "all")
    cancelled, late = house.begin(PAIR), house.begin(PAIR)
    house.database.lifecycle.cancel(cancelled, "enough")
    house.late(late)
    house.database.reconciler.sweep()
    assert [(event, data["code"]) for _, event, _, data in told(house)] == [("run.cancelled", "cancelled"), ("run.failed", "deadline")]


def test_a_run_that_is_over_as_it_begins_is_told(house: House) -> None:
    hook(house, "all")
    run = house.begin({"foreach": "f", "items": "`[]`", "as": "x", "do": step("a")})
    assert house.state(run) == "succeeded"
    assert [(event, data["run"]) for _, event, _, data in told(house)] == [("run.completed", run)]


def test_a_run_that_is_resumed_and_fails_again_is_told_again(house: House) -> None:
    hook(house, "all")
    run = house.begin(PAIR)
    house.fail(house.take(run, "a"))
    house.database.lifecycle.resume(house.programs[run], run)
    house.fail(house.take(run, "a"))
    assert [event for _, event, _, _ in told(house)] == ["run.failed", "run.failed"]
    assert len({about for _, _, about, _ in told(house)}) == 2


def test_what_was_not_recorded_is_not_told(house: House) -> None:
    hook(house, "all")
    run = house.begin(step("a"))
    late = house.take(run, "a")
    house.overdue(run, "a")
    house.take(run, "a")
    assert not house.complete(late).recorded
    assert told(house) == []


def test_something_else_is_told_once_however_it_is_asked_for(house: House) -> None:
    hook(house, "all")
    data: dict[str, str | None] = {"schedule": "s", "code": "not-found"}
    house.database.driver.atomic(lambda session: outbox.happened(session, "default", WebhookEvent.SCHEDULE_REFUSED, "s:1", data))
    assert told(house) == [("all", "schedule.refused", "s:1", data)]
    with pytest.raises(Exception, match=r"(?i)unique"):
        house.database.driver.atomic(lambda session: outbox.happened(session, "default", WebhookEvent.SCHEDULE_REFUSED, "s:1", data))
