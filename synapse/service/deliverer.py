"""Delivers to webhooks: a duty of the housekeeping, done by threads of its own, so many at once and so many of one webhook."""

from __future__ import annotations

import queue
import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog

from synapse.contracts.webhook import DeliveryAttempt, DeliveryState
from synapse.engine.runtime import Runtime
from synapse.errors import SynapseError
from synapse.faults import reach
from synapse.service.posting import Answer, Post
from synapse.service.retries import LONGEST_PAUSE, next_delay
from synapse.settings import WebhookSettings
from synapse.state.deliveries import Claimed, Recorded
from synapse.telemetry import metrics

_log = structlog.get_logger(__name__)
EACH: Final = 2
"""Requests to one webhook at once: however long it keeps them, the others have their places."""
_SLACK: Final = 45.0
"""Seconds beyond the time-out after which a delivery whose outcome was not recorded is tried again."""
_LOOK: Final = 1.0
_LEAVE_SECONDS: Final = 5.0
_GONE: Final = 410
_ASK_FOR_PAUSES: Final = frozenset({429, 503})


class Deliverer:
    """Begins work when it is called and something is due, and rests when nothing is under way any more."""

    def __init__(self, runtime: Runtime, settings: WebhookSettings | None = None, post: Callable[[Claimed], Answer] | None = None) -> None:
        self.runtime = runtime
        self._settings = settings or WebhookSettings()
        self._post = post or Post(self._settings)
        self._outcomes: queue.SimpleQueue[tuple[Claimed, Answer]] = queue.SimpleQueue()
        self._under_way: Counter[str] = Counter()
        self._poked = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self) -> int:
        """Have what is due delivered; for how many webhooks something is. Returns at once. Raises Unavailable."""
        waiting = len(self.runtime.database.deliveries.waiting())
        if waiting:
            if self._thread is None:
                self._closed.clear()
                self._thread = threading.Thread(target=self._serve, daemon=True, name="synapse-webhooks")
                self._thread.start()
            self._poked.set()
        return waiting

    def close(self) -> None:
        """Begin nothing more, and wait a little for what is under way; what is not recorded then is delivered again by others."""
        self._closed.set()
        self._poked.set()
        if self._thread is not None:
            self._thread.join(_LEAVE_SECONDS)
            self._thread = None

    def _serve(self) -> None:
        while not self._closed.is_set():
            self._poked.wait()
            self._poked.clear()
            try:
                self.work()
            except SynapseError as error:
                _log.warning("webhooks.wait", error=str(error))
            except Exception:
                _log.exception("webhooks.error")

    def work(self) -> None:
        """Deliver until nothing is due and nothing under way. Raises Unavailable."""
        while True:
            if not self._closed.is_set():
                self._begin()
            if not self._under_way:
                return
            try:
                claimed, answer = self._outcomes.get(timeout=_LOOK)
            except queue.Empty:
                continue
            self._under_way -= Counter({claimed.webhook: 1})
            self._record(claimed, answer)

    def _begin(self) -> None:
        deliveries = self.runtime.database.deliveries
        free = self._settings.webhook_concurrency - self._under_way.total()
        waiting = deliveries.waiting() if free > 0 else []
        # No webhook is first each time.
        random.shuffle(waiting)
        for webhook in waiting:
            room = min(free, EACH - self._under_way[webhook])
            claims = deliveries.claim(webhook, room, self._settings.webhook_timeout_seconds + _SLACK) if room > 0 else []
            for claimed in claims:
                reach("in-delivery", claimed.event)
                self._under_way[webhook] += 1
                free -= 1
                threading.Thread(target=self._deliver, args=(claimed,), daemon=True, name="synapse-webhook").start()

    def _deliver(self, claimed: Claimed) -> None:
        self._outcomes.put((claimed, self._post(claimed)))

    def _record(self, claimed: Claimed, answer: Answer) -> None:
        deliveries = self.runtime.database.deliveries
        attempt = DeliveryAttempt(at=answer.at, seconds=answer.seconds, status=answer.status, error=answer.error, response=answer.text)
        if answer.taken:
            recorded = deliveries.delivered(claimed, attempt)
        else:
            pause = min(answer.pause, LONGEST_PAUSE) if answer.pause is not None and answer.status in _ASK_FOR_PAUSES else None
            delay = next_delay(claimed.tries, answer.pause, random.random())
            recorded = deliveries.failed(claimed, attempt, delay, pause=pause, gone=answer.status == _GONE)
        if recorded is not None:
            _count(claimed, answer, recorded)


_OUTCOMES: Final = {DeliveryState.DELIVERED: "delivered", DeliveryState.WAITING: "retried", DeliveryState.FAILED: "given_up"}


def _count(claimed: Claimed, answer: Answer, recorded: Recorded) -> None:
    metrics.WEBHOOK_DELIVERIES.labels(_OUTCOMES[recorded.state]).inc()
    metrics.WEBHOOK_SECONDS.observe(answer.seconds)
    if recorded.state is DeliveryState.DELIVERED:
        metrics.WEBHOOK_DELAY_SECONDS.observe(max(0.0, (datetime.now(UTC) - claimed.created_at).total_seconds()))
    else:
        _log.info("webhook.not_taken", webhook=claimed.webhook, delivery=claimed.id, status=answer.status, error=answer.error)
    if recorded.disabled is not None:
        metrics.WEBHOOKS_DISABLED.labels(recorded.disabled).inc()
        _log.warning("webhook.disabled", webhook=claimed.webhook, why=recorded.disabled)
