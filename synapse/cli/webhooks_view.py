"""Webhooks on a terminal."""

from __future__ import annotations

import json
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from synapse.cli import tables
from synapse.cli.text import shown
from synapse.contracts.webhook import DeliveryAttempt, DeliveryDetail, DeliveryPage, Webhook, WebhookList

_COLOURS: Final = {"delivered": "green", "waiting": "yellow", "failed": "red"}


def table(found: WebhookList) -> RenderableType:
    """All of them, a row each."""
    if not found.webhooks:
        return Text("no webhooks")
    made = tables.table("id", "state", "events", "url")
    for each in found.webhooks:
        made.add_row(each.id, state(each), " ".join(sorted(each.events)), tables.last(each.url))
    return made


def detail(webhook: Webhook, deliveries: DeliveryPage) -> RenderableType:
    """One, and what was delivered to it last."""
    head = Table.grid(padding=(0, 2))
    rows = {
        "webhook": webhook.id,
        "url": shown(webhook.url),
        "for": shown(webhook.description),
        "state": state(webhook),
        "events": " ".join(sorted(webhook.events)),
        "failing since": tables.utc(webhook.failing_since),
        "paused until": tables.utc(webhook.paused_until),
        "old secret until": tables.utc(webhook.old_secret_until),
    }
    for name, value in rows.items():
        if value:
            head.add_row(Text(name, "bright_black"), Text(value))
    return Group(head, Text(), page(deliveries))


def page(found: DeliveryPage) -> RenderableType:
    """Deliveries, newest first."""
    if not found.deliveries:
        return Text("nothing was delivered yet")
    made = tables.table("delivery", "event", "state", "tries", "happened", "tried next")
    for each in found.deliveries:
        coloured = Text(each.state.value, _COLOURS[each.state.value])
        made.add_row(each.id, each.event, coloured, str(each.attempts), tables.utc(each.created_at), tables.utc(each.due))
    more = Text(f"more: --cursor '{found.next}'", "bright_black")
    return Group(made, more) if found.next else made


def delivery(found: DeliveryDetail) -> RenderableType:
    """One: what is sent, and every attempt."""
    head = Text(f"{found.id} {found.event} {found.state.value}")
    body = Text(json.dumps(found.body, indent=2, ensure_ascii=False))
    made = tables.table("at", "took", "status", "answer")
    for each in found.log:
        made.add_row(tables.utc(each.at), f"{each.seconds:.2f} s", str(each.status or ""), tables.last(_said(each)))
    return Group(head, body, Text(), made if found.log else Text("not tried yet"))


def state(webhook: Webhook) -> str:
    """How a webhook is."""
    if not webhook.enabled:
        return f"disabled, {webhook.disabled_because}" if webhook.disabled_because else "disabled"
    return "failing" if webhook.failing_since is not None else "well"


def _said(attempt: DeliveryAttempt) -> str:
    return attempt.error or attempt.response or ""
