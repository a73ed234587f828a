"""One request to a webhook, through the fetch guard: no private address that the operator has not listed, no redirect, a bounded time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Final, cast

import httpx
import structlog

from synapse.egress.dialling import Dialler, Resolver
from synapse.egress.pauses import retry_after
from synapse.egress.urls import UrlPolicy
from synapse.errors import StepError
from synapse.service.envelope import encoded, headers, payload
from synapse.settings import WebhookSettings
from synapse.state.deliveries import Claimed

_log = structlog.get_logger(__name__)
_READ: Final = 1024
"""Bytes of an answer that are looked at."""
_SHOWN: Final = 500


@dataclass(frozen=True)
class Answer:
    """What came of a request. Without a ``status`` there was no answer, and ``error`` says why."""

    at: datetime
    seconds: float
    status: int | None = None
    error: str | None = None
    text: str | None = None
    pause: float | None = None
    """Seconds that the receiver asked to be left alone for."""

    @property
    def taken(self) -> bool:
        """Whether it counts as delivered."""
        return self.status is not None and 200 <= self.status < 300


class Post:
    """Makes requests, each on an event loop of its own: one that hangs, in whatever call, holds up none but itself. Thread-safe."""

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        resolver: Resolver | None = None,
        make_transport: Callable[[ssl.SSLContext], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self._seconds = settings.webhook_timeout_seconds
        self._base = settings.webhook_public_url or ""
        self._policy = policy_of(settings)
        self._dialler = Dialler(self._policy, resolver, make_transport)

    def __call__(self, claimed: Claimed) -> Answer:
        """Post it, and wait for the answer. Never raises."""
        at, began = datetime.now(UTC), monotonic()

        def ended(error: str) -> Answer:
            return Answer(at, round(monotonic() - began, 3), error=error[:_SHOWN])

        try:
            status, text, pause = asyncio.run(self._exchange(claimed, at))
            error = "redirects are not followed" if 300 <= status < 400 else None
            return Answer(at, round(monotonic() - began, 3), status, error, text, pause)
        except TimeoutError:
            return ended(f"no answer within {self._seconds:g} seconds")
        except StepError as error:
            return ended(error.detail)
        except Exception as error:  # whatever happens to one delivery is that one's outcome
            _log.exception("webhook.error", webhook=claimed.webhook)
            return ended(f"it failed unexpectedly: {type(error).__name__}")

    async def _exchange(self, claimed: Claimed, at: datetime) -> tuple[int, str, float | None]:
        body = encoded(payload(claimed.event, claimed.created_at, claimed.data, self._base))
        async with asyncio.timeout(self._seconds):
            url = self._policy.checked(claimed.url)
            addresses = await self._dialler.addresses(url)
            signed = headers(claimed.id, at, body, claimed.secrets)
            response = await self._dialler.send(url, addresses, signed, self._seconds, method="POST", content=body)
            try:
                text = await _beginning(response)
                pause = retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
                return response.status_code, text, pause
            finally:
                await response.aclose()


def policy_of(settings: WebhookSettings) -> UrlPolicy:
    """Which URLs webhooks may have."""
    return UrlPolicy(settings.webhook_allowed_hosts)


async def _beginning(response: httpx.Response) -> str:
    body = b""
    try:
        async for chunk in cast(httpx.AsyncByteStream, response.stream):
            body += chunk
            if len(body) >= _READ:
                break
    except httpx.TransportError:
        pass  # its status is what counts, and that has come
    return body[:_READ].decode("utf-8", "replace")[:_SHOWN]
