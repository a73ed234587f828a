"""The inbox's side of the broker: takes what starts a run, answers, and gives up what cannot start one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import structlog
from celery import bootsteps
from kombu import Consumer

from synapse.contracts.inbox import INBOX, InboxAnswer
from synapse.contracts.run import Failure
from synapse.engine import dead_letters, topology
from synapse.engine.drift import KeptQueue
from synapse.engine.frames import Publication
from synapse.engine.publisher import Publisher
from synapse.errors import SynapseError, Unauthorized

_log = structlog.get_logger(__name__)
_WORKERS_QUEUE: Final = "synapse-orchestrator"
_AHEAD: Final = 20
_RETRY_SECONDS: Final = 1.0
_PLAIN: Final = {"content_type": "application/json", "content_encoding": "utf-8", "delivery_mode": 2}
_MOST_REASON: Final = 300


@dataclass(frozen=True)
class Letter:
    """A message of the inbox. ``user`` is one that the broker vouches for."""

    body: bytes
    user: str | None = None
    message_id: str | None = None


@dataclass(frozen=True)
class Accepted:
    """A run that is durable, and whose it is."""

    run: str
    tenant: str
    answer: InboxAnswer


class Intake(Protocol):
    """What starts runs: the service."""

    def receive(self, letter: Letter) -> Accepted:
        """Start its run. Raises SynapseError: Unauthorized for a stranger, one that helps to retry, or what is wrong with it."""

    def outcome(self, tenant: str, run: str) -> InboxAnswer | None:
        """How the run ended; None while it has not. Raises SynapseError."""


class InboxDesk:
    """Handles deliveries. A message is acknowledged once its run is durable or its copy is with the dead letters, never before."""

    def __init__(self, intake: Intake, publisher: Publisher) -> None:
        self._intake = intake
        self._publisher = publisher

    def receive(self, message: Any) -> bool:
        """Deal with a delivery of the inbox; false when it is to be tried again."""
        properties = message.properties
        reply_to, correlation = _address(properties.get("reply_to")), properties.get("correlation_id")
        letter = Letter(_bytes(message.body), properties.get("user_id"), properties.get("message_id"))
        try:
            accepted = self._intake.receive(letter)
        except SynapseError as error:
            if error.retryable:
                _log.warning("inbox.waits", error=str(error)[:300])
                return False
            return self._refuse(message, error, reply_to, correlation)
        if reply_to:
            waiting = {"run": accepted.run, "tenant": accepted.tenant, "reply_to": reply_to, "correlation_id": correlation}
            if not self._later(waiting):
                return False
            self._answer(accepted.answer, reply_to, correlation)
        message.ack()
        return True

    def look(self, message: Any) -> bool:
        """Deal with a run whose sender waits for its end; false when it is to be tried again."""
        waiting = json.loads(_bytes(message.body))
        try:
            answer = self._intake.outcome(waiting["tenant"], waiting["run"])
        except SynapseError as error:
            if error.retryable:
                return False
            _log.warning("inbox.outcome_unknown", run=waiting["run"], error=str(error)[:300])
            message.ack()
            return True
        done = self._later(waiting) if answer is None else self._answer(answer, waiting["reply_to"], waiting["correlation_id"])
        if done:
            message.ack()
        return done

    def _refuse(self, message: Any, error: SynapseError, reply_to: str | None, correlation: str | None) -> bool:
        reason = str(error)[:_MOST_REASON]
        _log.warning("inbox.refused", code=error.code, error=reason)
        kept = {name: value for name in ("message_id", "type", "correlation_id", "reply_to") if (value := message.properties.get(name))}
        headers = {
            **{name: value for name, value in (message.headers or {}).items() if name not in dead_letters.BROKERS_OWN},
            dead_letters.QUEUE: INBOX,
            dead_letters.REASON: f"{error.code}: {reason}",
            dead_letters.AT: datetime.now(UTC).isoformat(),
        }
        named = {"content_type": message.content_type, "content_encoding": message.content_encoding}
        known = {name: value for name, value in named.items() if value}
        properties = {"delivery_mode": 2, **known, **kept, "headers": headers}
        if not self._publisher.again([Publication(topology.DEAD.name, "", _bytes(message.body), properties)]):
            return False
        # A stranger learns nothing, and has nothing sent to where it says.
        if reply_to and not isinstance(error, Unauthorized):
            self._answer(InboxAnswer(name="run.refused", error=Failure(code=error.code, message=reason)), reply_to, correlation)
        message.ack()
        return True

    def _later(self, waiting: Mapping[str, Any]) -> bool:
        body = json.dumps(waiting).encode()
        return bool(self._publisher.again([Publication("", topology.LATER, body, _PLAIN, mandatory=True)]))

    def _answer(self, answer: InboxAnswer, reply_to: str, correlation: str | None) -> bool:
        properties = {**_PLAIN, "type": answer.type, **({"correlation_id": correlation} if correlation else {})}
        # Not mandatory: whose queue is gone does not wait any more.
        return bool(self._publisher.again([Publication("", reply_to, answer.model_dump_json().encode(), properties)]))


class InboxStep(bootsteps.ConsumerStep):  # type: ignore[misc] # celery ships no types
    """In a worker of the orchestrator's queue, where the inbox is on: takes what starts runs, and looks after who waits for their end."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._app = parent.app
        self._again: list[tuple[Any, Any]] = []
        self._timer: Any = None

    def include_if(self, parent: Any) -> bool:
        """Only there, and with a broker that others can reach."""
        consumed = _WORKERS_QUEUE in parent.app.amqp.queues.consume_from
        return consumed and getattr(parent.app, "intake", None) is not None and not parent.app.runtime.broker.embedded

    def get_consumers(self, channel: Any) -> list[Consumer]:
        """One of the inbox, one of who waits: both of messages as they are, whatever their content type."""
        kind = self._app.runtime.broker.queue_type
        KeptQueue.of(topology.later_queue(kind))(channel).declare()
        desk = InboxDesk(self._app.intake, self._app.runtime.publisher)
        return [
            Consumer(channel, queues=[KeptQueue.of(queue)], on_message=self._handing(deal), prefetch_count=_AHEAD)
            for queue, deal in ((topology.inbox_queue(kind), desk.receive), (topology.outcome_queue(kind), desk.look))
        ]

    def start(self, parent: Any) -> None:
        """Consume, and try again what a dependency that was away kept back."""
        super().start(parent)
        self._timer = parent.timer.call_repeatedly(_RETRY_SECONDS, self._retry)

    def stop(self, parent: Any) -> None:
        """Stop; what is not acknowledged goes back to its queue."""
        if self._timer is not None:
            self._timer.cancel()
        self._again.clear()
        super().stop(parent)

    def _handing(self, deal: Any) -> Any:
        def take(message: Any) -> None:
            if not deal(message):
                self._again.append((deal, message))

        return take

    def _retry(self) -> None:
        again, self._again = self._again, []
        self._again += [(deal, message) for deal, message in again if not deal(message)]


def _address(reply_to: str | None) -> str | None:
    """Where to answer; never one of our own queues, which an answer must not be put into."""
    return None if not reply_to or reply_to.startswith("synapse-") else reply_to


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else bytes(body) if isinstance(body, (bytearray, memoryview)) else str(body).encode()
