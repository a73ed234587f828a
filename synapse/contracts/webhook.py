"""A webhook as its tenant's administrators see it, and the log of what was delivered to it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from synapse.contracts.evidence import Frozen
from synapse.contracts.exact import Flag, Number


class WebhookEvent(StrEnum):
    """What an endpoint can be told of."""

    RUN_COMPLETED = "run.completed"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"
    SCHEDULE_REFUSED = "schedule.refused"
    WEBHOOK_DISABLED = "webhook.disabled"


TEST_EVENT = "webhook.test"


class WebhookRequest(Frozen):
    """What a webhook is to be."""

    url: str = Field(max_length=2048, description="Where events are posted to.", examples=["https://hooks.example.com/synapse"])
    description: str = Field(default="", max_length=500)
    events: frozenset[WebhookEvent] = Field(
        default=frozenset({WebhookEvent.RUN_COMPLETED, WebhookEvent.RUN_FAILED, WebhookEvent.RUN_CANCELLED}),
        min_length=1,
        description="What it is told of.",
    )
    enabled: Flag = Field(default=True, description="Whether it is told of anything. What happens while it is not is not told later.")


class RotateSecretRequest(Frozen):
    """How a secret is replaced."""

    overlap_seconds: Number = Field(
        default=86_400.0, ge=0, le=30 * 86_400, description="Seconds for which the old secret signs, too: both signatures are sent."
    )


class Webhook(WebhookRequest):
    """One webhook, without its secret."""

    id: str
    created_at: datetime
    created_by: str
    updated_at: datetime
    disabled_at: datetime | None = Field(default=None, description="When it was disabled by itself.")
    disabled_because: str | None = Field(default=None, description="gone: it answered 410; failing: nothing was taken for days.")
    failing_since: datetime | None = Field(default=None, description="The first failure since it took something.")
    paused_until: datetime | None = Field(default=None, description="Until when it asked to be left alone.")
    old_secret_until: datetime | None = None


class NewWebhook(Webhook):
    """A webhook that was just made, or was given a new secret, with the only sight of it."""

    secret: str = Field(description="What its signatures are made with. It is shown this once.", examples=["whsec_…"])


class WebhookList(Frozen):
    """Every webhook of a tenant, oldest first."""

    webhooks: tuple[Webhook, ...]


class DeliveryState(StrEnum):
    """Where a delivery stands. WAITING is tried again; the others are not, unless somebody says so."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class DeliveryAttempt(Frozen):
    """One request."""

    at: datetime
    seconds: float
    status: int | None = Field(default=None, description="The HTTP status, where there was an answer.")
    error: str | None = Field(default=None, description="Why there was none, or why it does not count.")
    response: str | None = Field(default=None, description="The beginning of the answer.")


class Delivery(Frozen):
    """One event for one webhook."""

    id: str = Field(description="The header webhook-id: the same in every attempt.")
    event: str = Field(examples=["run.completed"])
    state: DeliveryState
    attempts: int = Field(description="Requests so far.")
    created_at: datetime = Field(description="When it happened.")
    due: datetime | None = Field(default=None, description="When it is tried next.")
    finished_at: datetime | None = None


class DeliveryDetail(Delivery):
    """One with what is sent and every attempt's outcome, the last twenty."""

    body: dict[str, Any]
    log: tuple[DeliveryAttempt, ...] = ()


class DeliveryPage(Frozen):
    """One page of deliveries, newest first."""

    deliveries: tuple[Delivery, ...]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
