"""Webhooks: made, changed, looked at, tried, and what was delivered to them."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from synapse.contracts.principal import Principal
from synapse.contracts.webhook import (
    Delivery,
    DeliveryDetail,
    DeliveryPage,
    NewWebhook,
    Webhook,
    WebhookList,
    WebhookRequest,
)
from synapse.egress.addresses import refusal
from synapse.egress.refused import Refused
from synapse.egress.urls import host_of
from synapse.engine.runtime import Runtime
from synapse.errors import InvalidInput, TooManyWebhooks
from synapse.service.envelope import new_secret, payload
from synapse.service.posting import policy_of
from synapse.settings import WebhookSettings
from synapse.state.deliveries import Deliveries
from synapse.state.webhooks import Webhooks


class WebhookDesk:
    """What the caller may do about the webhooks of its tenant; another tenant's are like none. Blocks on the database."""

    def __init__(self, runtime: Runtime, principal: Principal, settings: WebhookSettings | None = None) -> None:
        self.runtime = runtime
        self.principal = principal
        self.tenant = principal.tenant
        self._given = settings

    def create(self, request: WebhookRequest) -> NewWebhook:
        """A new webhook, with the only sight of its secret. Raises InvalidInput for its URL, TooManyWebhooks."""
        self._check(request)
        most = self._settings.webhook_max
        if self._webhooks.count(self.tenant) >= most:
            raise TooManyWebhooks(
                f"there are {most} webhooks", field="SYNAPSE_WEBHOOK_MAX", remedy="delete one, or have the operator raise the limit"
            )
        return self._webhooks.add(self.tenant, str(uuid.uuid4()), request, new_secret(), by=self.principal.name)

    def list(self) -> WebhookList:
        """The tenant's, oldest first."""
        return WebhookList(webhooks=self._webhooks.list(self.tenant))

    def get(self, webhook: str) -> Webhook:
        """One webhook. Raises NotFound."""
        return self._webhooks.get(self.tenant, webhook)

    def replace(self, webhook: str, request: WebhookRequest) -> Webhook:
        """Have it be another one from now on; its secret stays. Raises NotFound, InvalidInput."""
        self.get(webhook)
        self._check(request)
        return self._webhooks.replace(self.tenant, webhook, request)

    def enable(self, webhook: str, enabled: bool) -> Webhook:
        """Have it be told of things, or not. Raises NotFound."""
        found = self.get(webhook)
        request = WebhookRequest.model_validate(found.model_dump(include=set(WebhookRequest.model_fields)))
        return self._webhooks.replace(self.tenant, webhook, request.model_copy(update={"enabled": enabled}))

    def rotate(self, webhook: str, overlap: float) -> NewWebhook:
        """Give it another secret; for ``overlap`` seconds requests are signed with both. Raises NotFound."""
        return self._webhooks.rotate(self.tenant, webhook, new_secret(), overlap)

    def delete(self, webhook: str) -> None:
        """Forget it and its deliveries. Raises NotFound."""
        self._webhooks.drop(self.tenant, webhook)

    def test(self, webhook: str) -> Delivery:
        """Deliver something to it that says that it is a test. Raises NotFound, Conflict while it is disabled."""
        return self._deliveries.test(self.tenant, webhook)

    def deliveries(self, webhook: str, **filters: Any) -> DeliveryPage:
        """A page of its deliveries, newest first. Raises NotFound, InvalidInput for a cursor that no page gave."""
        return self._deliveries.page(self.tenant, webhook, **filters)

    def delivery(self, webhook: str, delivery: str) -> DeliveryDetail:
        """One with its body and every attempt. Raises NotFound."""
        found, data, log = self._deliveries.get(self.tenant, webhook, delivery)
        body = payload(found.event, found.created_at, data, self._settings.webhook_public_url or "")
        return DeliveryDetail(**found.model_dump(), body=body, log=log)

    def redeliver(self, webhook: str, delivery: str) -> Delivery:
        """Deliver it again, under its id. Raises NotFound, Conflict while the webhook is disabled."""
        return self._deliveries.again(self.tenant, webhook, delivery)

    def _check(self, request: WebhookRequest) -> None:
        try:
            policy = policy_of(self._settings)
            url: httpx.URL = policy.checked(request.url)
        except Refused as error:
            raise InvalidInput(error.detail, field="url") from error
        # Of a name it is known only when it is dialled; an address can be told at once.
        host = host_of(url)
        if not policy.is_allowed_host(url) and refusal(host) not in (None, "is no address"):
            remedy = "have the operator list it in SYNAPSE_WEBHOOK_ALLOWED_HOSTS"
            raise InvalidInput("this address may not be posted to", field="url", remedy=remedy)

    @property
    def _settings(self) -> WebhookSettings:
        return self._given or WebhookSettings()

    @property
    def _webhooks(self) -> Webhooks:
        return self.runtime.database.webhooks

    @property
    def _deliveries(self) -> Deliveries:
        return self.runtime.database.deliveries
