from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from synapse.contracts.principal import Tenant
from synapse.contracts.webhook import DeliveryAttempt, DeliveryState, WebhookEvent, WebhookRequest
from synapse.errors import Conflict, InvalidInput, NotFound
from synapse.state.deliveries import DISABLE_AFTER, KEPT, LOGGED, Claimed
from tests.unit.state.house import House

DEFAULT, OTHER = Tenant("default"), Tenant("other")


def hook(house: House, name: str = "w1", **more: Any) -> None:
    asked = {"url": "https://hooks.example.com/x", "events": list(WebhookEvent), **more}
    house.database.webhooks.add(DEFAULT, name, WebhookRequest.model_validate(asked), "whsec_AAAA", by="anna")


def attempt(status: int | None = 500, **more: Any) -> DeliveryAttempt:
    return DeliveryAttempt(at=datetime.now(UTC), seconds=0.1, status=status, **more)


def claim(house: House, webhook: str = "w1") -> Claimed:
    return house.database.deliveries.claim(webhook, 1, 60.0)[0]


def states(house: House) -> list[str]:
    return [row[0] for row in house.sql("SELECT state FROM delivery ORDER BY created_at, id")]


def overdue(house: House) -> None:
    house.sql("UPDATE delivery SET due = {in:ago} WHERE due IS NOT NULL", ago=-1.0)


def test_what_is_claimed_is_nobody_elses_until_the_lease_runs_out(house: House) -> None:
    hook(house)
    made = house.database.deliveries.test(DEFAULT, "w1")
    assert house.database.deliveries.waiting() == ["w1"]
    first = claim(house)
    assert (first.id, first.url, first.event, first.data, first.number, first.tries) == (
        made.id,
        "https://hooks.example.com/x",
        "webhook.test",
        {"webhook": "w1"},
        1,
        1,
    )
    assert (house.database.deliveries.waiting(), house.database.deliveries.claim("w1", 9, 60.0)) == ([], [])
    overdue(house)
    assert claim(house).number == 2


def test_what_was_taken_is_done_with(house: House) -> None:
    hook(house)
    house.database.deliveries.test(DEFAULT, "w1")
    recorded = house.database.deliveries.delivered(claim(house), attempt(204, response="ok"))
    assert recorded is not None
    assert recorded.state is DeliveryState.DELIVERED
    (found,) = house.database.deliveries.page(DEFAULT, "w1").deliveries
    assert (found.state, found.attempts, found.due, found.finished_at is not None) == (DeliveryState.DELIVERED, 1, None, True)
    assert house.database.deliveries.waiting() == []


def test_who_comes_back_late_records_nothing(house: House) -> None:
    hook(house)
    house.database.deliveries.test(DEFAULT, "w1")
    late = claim(house)
    overdue(house)
    assert house.database.deliveries.delivered(claim(house), attempt(200)) is not None
    assert house.database.deliveries.failed(late, attempt(), 5.0) is None
    assert states(house) == ["delivered"]
    assert house.database.webhooks.get(DEFAULT, "w1").failing_since is None


def test_what_was_not_taken_is_due_again_and_every_attempt_is_logged(house: House) -> None:
    hook(house)
    made = house.database.deliveries.test(DEFAULT, "w1")
    house.database.deliveries.failed(claim(house), attempt(500, response="oops"), 30.0)
    found, _, log = house.database.deliveries.get(DEFAULT, "w1", made.id)
    assert found.state is DeliveryState.WAITING
    assert found.due is not None
    assert 25 < (found.due - datetime.now(UTC)).total_seconds() < 31
    assert [(each.status, each.response) for each in log] == [(500, "oops")]
    for _ in range(LOGGED + 3):
        overdue(house)
        house.database.deliveries.failed(claim(house), attempt(None, error="no answer"), 30.0)
    _, _, log = house.database.deliveries.get(DEFAULT, "w1", made.id)
    assert ([each.error for each in log], len(log)) == (["no answer"] * LOGGED, LOGGED)


def test_without_a_further_try_it_has_failed(house: House) -> None:
    hook(house)
    house.database.deliveries.test(DEFAULT, "w1")
    recorded = house.database.deliveries.failed(claim(house), attempt(), None)
    assert recorded is not None
    assert (recorded.state, recorded.disabled, states(house)) == (DeliveryState.FAILED, None, ["failed"])


def test_a_webhook_that_asks_for_a_pause_is_left_alone_with_all_its_deliveries(house: House) -> None:
    hook(house)
    hook(house, "w2")
    for name in ("w1", "w1", "w2"):
        house.database.deliveries.test(DEFAULT, name)
    house.database.deliveries.failed(claim(house), attempt(429), 5.0, pause=3600.0)
    assert house.database.deliveries.waiting() == ["w2"]
    assert house.database.webhooks.get(DEFAULT, "w1").paused_until is not None
    house.sql("UPDATE webhook SET paused_until = {in:ago}", ago=-1.0)
    assert house.database.deliveries.waiting() == ["w1", "w2"]
    house.database.deliveries.delivered(claim(house), attempt(200))
    found = house.database.webhooks.get(DEFAULT, "w1")
    assert (found.paused_until, found.failing_since) == (None, None)


def test_one_that_is_gone_is_disabled_at_once_and_others_are_told(house: House) -> None:
    hook(house)
    hook(house, "w2", events=["webhook.disabled"])
    house.database.deliveries.test(DEFAULT, "w1")
    recorded = house.database.deliveries.failed(claim(house), attempt(410), 5.0, gone=True)
    assert recorded is not None
    assert (recorded.state, recorded.disabled) == (DeliveryState.FAILED, "gone")
    found = house.database.webhooks.get(DEFAULT, "w1")
    assert (found.enabled, found.disabled_because, found.disabled_at is not None) == (False, "gone", True)
    assert house.sql("SELECT count(*) FROM webhook_subscription WHERE webhook = 'w1'") == [(0,)]
    told = claim(house, "w2")
    assert (told.event, told.data) == ("webhook.disabled", {"webhook": "w1", "code": "gone"})


def test_one_that_took_nothing_for_days_is_disabled(house: House) -> None:
    hook(house)
    house.database.deliveries.test(DEFAULT, "w1")
    recorded = house.database.deliveries.failed(claim(house), attempt(), 5.0)
    assert recorded is not None
    assert recorded.disabled is None
    house.sql("UPDATE webhook SET failing_since = {in:ago}", ago=-DISABLE_AFTER - 60)
    overdue(house)
    recorded = house.database.deliveries.failed(claim(house), attempt(), 5.0)
    assert recorded is not None
    assert (recorded.state, recorded.disabled) == (DeliveryState.WAITING, "failing")
    # What waits for it is kept, and goes on once somebody enables it.
    overdue(house)
    assert house.database.deliveries.waiting() == []
    house.database.webhooks.replace(DEFAULT, "w1", WebhookRequest(url="https://hooks.example.com/new"))
    assert house.database.deliveries.waiting() == ["w1"]
    assert claim(house).url == "https://hooks.example.com/new"


def test_a_delivery_can_be_made_again_with_fresh_tries_under_its_id(house: House) -> None:
    hook(house)
    made = house.database.deliveries.test(DEFAULT, "w1")
    house.database.deliveries.delivered(claim(house), attempt(200))
    again = house.database.deliveries.again(DEFAULT, "w1", made.id)
    assert (again.id, again.state, again.finished_at) == (made.id, DeliveryState.WAITING, None)
    found = claim(house)
    assert (found.number, found.tries) == (2, 1)
    assert house.database.deliveries.again(DEFAULT, "w1", made.id).attempts == 2


def test_to_a_disabled_webhook_nothing_is_delivered(house: House) -> None:
    hook(house)
    made = house.database.deliveries.test(DEFAULT, "w1")
    house.database.webhooks.replace(DEFAULT, "w1", WebhookRequest(url="https://hooks.example.com/x", enabled=False))
    assert house.database.deliveries.waiting() == []
    for ask in (lambda: house.database.deliveries.test(DEFAULT, "w1"), lambda: house.database.deliveries.again(DEFAULT, "w1", made.id)):
        with pytest.raises(Conflict, match="disabled"):
            ask()


def test_another_tenants_deliveries_are_like_none(house: House) -> None:
    hook(house)
    made = house.database.deliveries.test(DEFAULT, "w1")
    hook(house, "w2")
    deliveries = house.database.deliveries
    for ask in (
        lambda: deliveries.test(OTHER, "w1"),
        lambda: deliveries.page(OTHER, "w1"),
        lambda: deliveries.get(OTHER, "w1", made.id),
        lambda: deliveries.again(OTHER, "w1", made.id),
        lambda: deliveries.get(DEFAULT, "w2", made.id),
        lambda: deliveries.again(DEFAULT, "w2", made.id),
    ):
        with pytest.raises(NotFound):
            ask()
    assert deliveries.get(DEFAULT, "w1", made.id)[0] == made


def test_deliveries_are_read_page_by_page_newest_first(house: House) -> None:
    hook(house)
    for _ in range(5):
        house.database.deliveries.test(DEFAULT, "w1")
    house.database.deliveries.delivered(claim(house), attempt(200))
    seen, cursor = [], None
    while True:
        page = house.database.deliveries.page(DEFAULT, "w1", limit=2, cursor=cursor)
        seen += [each.id for each in page.deliveries]
        if (cursor := page.next) is None:
            break
    assert seen == [row[0] for row in house.sql("SELECT id FROM delivery ORDER BY created_at DESC, id DESC")]
    assert len(house.database.deliveries.page(DEFAULT, "w1", state=DeliveryState.DELIVERED).deliveries) == 1
    for wrong in ("x", "[]", '["2026-01-01T00:00:00", "x"]', "7"):
        with pytest.raises(InvalidInput):
            house.database.deliveries.page(DEFAULT, "w1", cursor=wrong)


def test_of_what_is_done_so_many_are_kept(house: House) -> None:
    hook(house)
    old = """INSERT INTO delivery (id, webhook, event, about, data, state, attempts, tries, created_at, log)
    VALUES (:id, 'w1', 'x', :id, '{}', 'delivered', 1, 1, {in:ago}, '[]')"""
    with house.database.driver.transaction() as session:
        for n in range(KEPT + 5):
            session.rows(old, {"id": f"d{n}", "ago": -86_400.0 - n})
    house.database.deliveries.test(DEFAULT, "w1")
    house.database.deliveries.delivered(claim(house), attempt(200))
    assert house.sql("SELECT count(*) FROM delivery") == [(KEPT + 1,)]
