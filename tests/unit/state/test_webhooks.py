from __future__ import annotations

from typing import Any

import pytest

from synapse.contracts.principal import Tenant
from synapse.contracts.webhook import NewWebhook, WebhookEvent, WebhookRequest
from synapse.errors import NotFound
from tests.unit.state.house import House

DEFAULT, OTHER = Tenant("default"), Tenant("other")
OLD, NEW = "whsec_b2xk", "whsec_bmV3"


def request(**more: Any) -> WebhookRequest:
    return WebhookRequest.model_validate({"url": "https://hooks.example.com/x", **more})


def made(house: House, name: str = "w1", **more: Any) -> NewWebhook:
    return house.database.webhooks.add(DEFAULT, name, request(**more), OLD, by="anna")


def subscriptions(house: House) -> list[tuple[str, str]]:
    return [(event, webhook) for event, webhook in house.sql("SELECT event, webhook FROM webhook_subscription ORDER BY event, webhook")]


def test_a_webhook_is_kept_as_it_was_asked_for_and_its_secret_is_seen_once(house: House) -> None:
    kept = made(house, description="d", events=["run.failed"])
    assert kept.secret == OLD
    found = house.database.webhooks.get(DEFAULT, "w1")
    assert (found.url, found.description, found.events, found.created_by) == (kept.url, "d", {WebhookEvent.RUN_FAILED}, "anna")
    assert "secret" not in found.model_dump()
    assert house.database.webhooks.list(DEFAULT) == (found,)
    assert OLD not in repr(found)


def test_only_what_is_enabled_is_subscribed(house: House) -> None:
    made(house, events=["run.failed", "run.completed"])
    made(house, "w2", enabled=False)
    assert subscriptions(house) == [("run.completed", "w1"), ("run.failed", "w1")]
    house.database.webhooks.replace(DEFAULT, "w1", request(events=["run.cancelled"]))
    house.database.webhooks.replace(DEFAULT, "w2", request(events=["run.failed"]))
    assert subscriptions(house) == [("run.cancelled", "w1"), ("run.failed", "w2")]
    house.database.webhooks.replace(DEFAULT, "w1", request(enabled=False))
    house.database.webhooks.drop(DEFAULT, "w2")
    assert subscriptions(house) == []


def test_a_rotated_secret_signs_beside_the_old_one_for_a_while(house: House) -> None:
    made(house)
    rotated = house.database.webhooks.rotate(DEFAULT, "w1", NEW, 60.0)
    assert (rotated.secret, rotated.old_secret_until is not None) == (NEW, True)
    house.database.deliveries.test(DEFAULT, "w1")
    assert house.database.deliveries.claim("w1", 1, 0.0)[0].secrets == (NEW, OLD)
    house.sql("UPDATE webhook SET old_secret_until = {in:ago}", ago=-1.0)
    assert house.database.deliveries.claim("w1", 1, 0.0)[0].secrets == (NEW,)


def test_who_changes_a_webhook_has_looked_at_what_was_wrong(house: House) -> None:
    made(house)
    house.sql("UPDATE webhook SET enabled = :no, disabled_because = 'gone', disabled_at = {now}, failing_since = {now}", no=False)
    found = house.database.webhooks.replace(DEFAULT, "w1", request())
    assert (found.enabled, found.disabled_because, found.disabled_at, found.failing_since) == (True, None, None, None)


def test_another_tenants_webhook_is_like_none(house: House) -> None:
    made(house)
    webhooks = house.database.webhooks
    assert (webhooks.list(OTHER), webhooks.count(OTHER), webhooks.count(DEFAULT)) == ((), 0, 1)
    for ask in (
        lambda: webhooks.get(OTHER, "w1"),
        lambda: webhooks.drop(OTHER, "w1"),
        lambda: webhooks.replace(OTHER, "w1", request()),
        lambda: webhooks.rotate(OTHER, "w1", NEW, 1.0),
    ):
        with pytest.raises(NotFound, match="w1"):
            ask()
    assert len(subscriptions(house)) == 3


def test_with_a_webhook_its_deliveries_are_gone(house: House) -> None:
    made(house)
    house.database.deliveries.test(DEFAULT, "w1")
    house.database.webhooks.drop(DEFAULT, "w1")
    assert house.sql("SELECT count(*) FROM delivery") == [(0,)]
    with pytest.raises(NotFound):
        house.database.webhooks.drop(DEFAULT, "w1")
