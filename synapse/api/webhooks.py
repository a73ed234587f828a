"""Webhooks: make one, change it, rotate its secret, try it, look at what was delivered and deliver it again."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from synapse.api.dependencies import ServiceOf, known_id
from synapse.api.problems import declared
from synapse.contracts.webhook import (
    Delivery,
    DeliveryDetail,
    DeliveryPage,
    DeliveryState,
    NewWebhook,
    RotateSecretRequest,
    Webhook,
    WebhookList,
    WebhookRequest,
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


async def _webhook_id(webhook: Annotated[str, Path(description="The webhook's id.")]) -> str:
    return known_id(webhook, "webhook")


async def _delivery_id(delivery: Annotated[str, Path(description="The delivery's id.")]) -> str:
    return known_id(delivery, "delivery")


Name = Annotated[str, Depends(_webhook_id)]
DeliveryName = Annotated[str, Depends(_delivery_id)]
_EXAMPLES: Final[dict[str, Any]] = {
    "ends": {"value": {"url": "https://hooks.example.com/synapse", "events": ["run.completed", "run.failed"]}}
}
_NO_STORE = {"Cache-Control": "no-store"}


@router.post("", status_code=201, responses=declared(400, 413, 415, 429))
def create(request: Annotated[WebhookRequest, Body(openapi_examples=_EXAMPLES)], service: ServiceOf, response: Response) -> NewWebhook:
    """Make a webhook. The answer is the only sight of its secret."""
    made = service.webhooks.create(request)
    response.headers.update({**_NO_STORE, "Location": f"/v1/webhooks/{made.id}"})
    return made


@router.get("", name="webhooks")
def listed(service: ServiceOf) -> WebhookList:
    """Every webhook, oldest first."""
    return service.webhooks.list()


@router.get("/{webhook}", responses=declared(404))
def shown(webhook: Name, service: ServiceOf) -> Webhook:
    """One webhook."""
    return service.webhooks.get(webhook)


@router.put("/{webhook}", responses=declared(400, 404, 413, 415))
def replace(webhook: Name, request: WebhookRequest, service: ServiceOf) -> Webhook:
    """Have it be another one from now on; its secret stays. This also enables one that was disabled."""
    return service.webhooks.replace(webhook, request)


@router.delete("/{webhook}", status_code=204, responses=declared(404))
def delete(webhook: Name, service: ServiceOf) -> None:
    """Forget a webhook and its deliveries."""
    service.webhooks.delete(webhook)


@router.post("/{webhook}/enable", responses=declared(404))
def enable(webhook: Name, service: ServiceOf) -> Webhook:
    """Have it be told of things again; what waited for it is delivered."""
    return service.webhooks.enable(webhook, True)


@router.post("/{webhook}/disable", responses=declared(404))
def disable(webhook: Name, service: ServiceOf) -> Webhook:
    """Have it be told of nothing."""
    return service.webhooks.enable(webhook, False)


@router.post("/{webhook}/rotate", status_code=201, responses=declared(400, 404))
def rotate(webhook: Name, service: ServiceOf, response: Response, request: RotateSecretRequest | None = None) -> NewWebhook:
    """Give it another secret. For a while its requests are signed with both, so that receivers can change over."""
    response.headers.update(_NO_STORE)
    return service.webhooks.rotate(webhook, (request or RotateSecretRequest()).overlap_seconds)


@router.post("/{webhook}/test", status_code=202, responses=declared(404, 409))
def test(webhook: Name, service: ServiceOf) -> Delivery:
    """Deliver a test event to it, ``webhook.test``."""
    return service.webhooks.test(webhook)


@router.get("/{webhook}/deliveries", responses=declared(400, 404))
def deliveries(
    webhook: Name,
    service: ServiceOf,
    state: Annotated[DeliveryState | None, Query(description="Only deliveries in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Deliveries at most.")] = 50,
    cursor: Annotated[str | None, Query(max_length=200, description="``next`` of the page before.")] = None,
) -> DeliveryPage:
    """What was to be delivered to it, newest first; of what is done the last thousand are kept."""
    return service.webhooks.deliveries(webhook, state=state, limit=limit, cursor=cursor)


@router.get("/{webhook}/deliveries/{delivery}", responses=declared(404))
def delivery(webhook: Name, delivery: DeliveryName, service: ServiceOf) -> DeliveryDetail:
    """One delivery: what is sent, and what came of each attempt."""
    return service.webhooks.delivery(webhook, delivery)


@router.post("/{webhook}/deliveries/{delivery}/redeliver", status_code=202, responses=declared(404, 409))
def redeliver(webhook: Name, delivery: DeliveryName, service: ServiceOf) -> Delivery:
    """Deliver it again, under the same id, whatever came of it."""
    return service.webhooks.redeliver(webhook, delivery)
