from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console, RenderableType

from synapse.cli import webhooks_view
from synapse.contracts.webhook import Delivery, DeliveryAttempt, DeliveryDetail, DeliveryPage, DeliveryState, Webhook, WebhookList

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def webhook(**more: Any) -> Webhook:
    given = {"id": "w1", "url": "https://hooks.example.com/\x1b[31mx", "created_at": NOW, "created_by": "anna", "updated_at": NOW}
    return Webhook.model_validate({**given, **more})


def delivery(**more: Any) -> dict[str, Any]:
    return {"id": "d1", "event": "run.failed", "state": DeliveryState.WAITING, "attempts": 2, "created_at": NOW, "due": NOW, **more}


def drawn(thing: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(thing)
    return console.file.getvalue()  # type: ignore[attr-defined] # the StringIO above


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, "well"),
        ({"failing_since": NOW}, "failing"),
        ({"enabled": False}, "disabled"),
        ({"enabled": False, "disabled_because": "gone"}, "disabled, gone"),
    ],
)
def test_how_a_webhook_is_can_be_told(more: dict[str, Any], state: str) -> None:
    assert webhooks_view.state(webhook(**more)) == state
    assert state in drawn(webhooks_view.table(WebhookList(webhooks=(webhook(**more),))))


def test_webhooks_and_deliveries_are_a_row_each_and_none_a_sentence() -> None:
    page = DeliveryPage(deliveries=(Delivery(**delivery()),), next='["2026", "d1"]')
    found = drawn(webhooks_view.detail(webhook(failing_since=NOW, description="pager"), page))
    for part in ("w1", "pager", "failing since", "2026-01-02 03:04:05Z", "d1", "run.failed", "waiting", '--cursor \'["2026", "d1"]\''):
        assert part in found
    assert "\x1b" not in found
    assert drawn(webhooks_view.table(WebhookList(webhooks=()))) == "no webhooks\n"
    assert drawn(webhooks_view.page(DeliveryPage(deliveries=()))) == "nothing was delivered yet\n"


def test_of_a_delivery_every_attempt_is_shown() -> None:
    log = (
        DeliveryAttempt(at=NOW, seconds=0.5, status=500, response="oops \x1b[31m"),
        DeliveryAttempt(at=NOW, seconds=15.0, error="no answer within 15 seconds"),
    )
    found = drawn(webhooks_view.delivery(DeliveryDetail(**delivery(), body={"type": "run.failed"}, log=log)))
    for part in ('"type": "run.failed"', "500", "oops", "15.00 s", "no answer within 15 seconds"):
        assert part in found
    assert "\x1b" not in found
    assert "not tried yet" in drawn(webhooks_view.delivery(DeliveryDetail(**delivery(), body={})))
