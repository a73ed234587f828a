"""``synapse webhooks``: create, list, show, enable, disable, rotate, test, deliveries, delivery, redeliver, delete."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from synapse.cli.session import connected, say

if TYPE_CHECKING:
    from synapse.contracts.webhook import NewWebhook

app = typer.Typer(no_args_is_help=True, help="Have programs told when runs end: signed webhooks. Needs the scope admin.")
Name = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id.")]
DeliveryName = Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


class EventChoice(StrEnum):
    """What a webhook may be told of."""

    RUN_COMPLETED = "run.completed"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"
    SCHEDULE_REFUSED = "schedule.refused"
    WEBHOOK_DISABLED = "webhook.disabled"


class StateChoice(StrEnum):
    """Where a delivery may stand."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


def _show(made: NewWebhook, as_json: bool) -> None:
    """The secret on stdout, by itself, so that a script can take it; what is to be said about it on stderr."""
    if as_json:
        say(made.model_dump_json())
        return
    sys.stderr.write(f"webhook {made.id}; its secret is shown this once:\n")
    sys.stderr.flush()
    say(made.secret)


@app.command("create")
def create(
    url: Annotated[str, typer.Argument(help="Where events are posted to.")],
    events: Annotated[
        list[EventChoice] | None, typer.Option("--event", help="What it is told of; repeat it. Default: the ends of runs.")
    ] = None,
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a webhook, and show its secret this once."""
    from synapse.cli.given import built
    from synapse.contracts.webhook import WebhookRequest

    chosen = [event.value for event in events] if events else None
    request = built(WebhookRequest, {"url": url, "description": description, "events": chosen})
    with connected() as api:
        made = api.create_webhook(request)
    _show(made, as_json)


@app.command("list")
def listed(as_json: AsJson = False) -> None:
    """List webhooks, oldest first."""
    from synapse.cli import consoles, webhooks_view

    with connected() as api:
        found = api.webhooks()
    if as_json:
        say(found.model_dump_json())
    else:
        consoles.out().print(webhooks_view.table(found), soft_wrap=True)


@app.command("show")
def show(webhook: Name, as_json: AsJson = False) -> None:
    """Show a webhook and what was delivered to it last."""
    from synapse.cli import consoles, webhooks_view

    with connected() as api:
        found = api.webhook(webhook)
        page = None if as_json else api.deliveries(webhook, limit=10)
    if page is None:
        say(found.model_dump_json())
    else:
        consoles.out().print(webhooks_view.detail(found, page), soft_wrap=True)


@app.command("enable")
def enable(webhook: Name, as_json: AsJson = False) -> None:
    """Have it be told of things again; what waited for it is delivered."""
    with connected() as api:
        found = api.enable_webhook(webhook)
    say(found.model_dump_json() if as_json else f"{found.id} enabled")


@app.command("disable")
def disable(webhook: Name, as_json: AsJson = False) -> None:
    """Have it be told of nothing."""
    with connected() as api:
        found = api.disable_webhook(webhook)
    say(found.model_dump_json() if as_json else f"{found.id} disabled")


@app.command("rotate")
def rotate(
    webhook: Name,
    overlap: Annotated[float, typer.Option("--overlap", min=0, max=720, help="Hours for which the old secret signs, too.")] = 24.0,
    as_json: AsJson = False,
) -> None:
    """Give it another secret, and show it this once."""
    with connected() as api:
        made = api.rotate_webhook(webhook, overlap * 3600)
    _show(made, as_json)


@app.command("test")
def try_out(webhook: Name, as_json: AsJson = False) -> None:
    """Deliver a test event to it; the delivery's id is on stdout."""
    with connected() as api:
        found = api.test_webhook(webhook)
    say(found.model_dump_json() if as_json else found.id)


@app.command("deliveries")
def deliveries(
    webhook: Name,
    state: Annotated[StateChoice | None, typer.Option("--state", help="Only deliveries in this state.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Deliveries at most.")] = 20,
    cursor: Annotated[str | None, typer.Option("--cursor", help="'next' of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what was to be delivered to it, newest first."""
    from synapse.cli import consoles, webhooks_view

    with connected() as api:
        page = api.deliveries(webhook, state=state.value if state else None, limit=limit, cursor=cursor)
    if as_json:
        say(page.model_dump_json())
    else:
        consoles.out().print(webhooks_view.page(page), soft_wrap=True)


@app.command("delivery")
def delivery(webhook: Name, delivery: DeliveryName, as_json: AsJson = False) -> None:
    """Show one delivery: what is sent, and what came of each attempt."""
    from synapse.cli import consoles, webhooks_view

    with connected() as api:
        found = api.delivery(webhook, delivery)
    if as_json:
        say(found.model_dump_json())
    else:
        consoles.out().print(webhooks_view.delivery(found), soft_wrap=True)


@app.command("redeliver")
def redeliver(webhook: Name, delivery: DeliveryName, as_json: AsJson = False) -> None:
    """Deliver it again, under the same id, whatever came of it."""
    with connected() as api:
        found = api.redeliver(webhook, delivery)
    say(found.model_dump_json() if as_json else f"{found.id} {found.state}")


@app.command("delete")
def delete(webhook: Name, as_json: AsJson = False) -> None:
    """Forget a webhook and its deliveries."""
    with connected() as api:
        api.delete_webhook(webhook)
    say(json.dumps({"deleted": webhook}) if as_json else f"{webhook} deleted")
