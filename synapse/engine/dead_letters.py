"""What the dead-letter exchange delivers, read: where a message died and why, and which step it was about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from synapse.engine.frames import Publication
from synapse.state.dead_letters import Corpse, Kept

MOST_KEPT = 1_000_000
"""Bytes of a body that are kept. Synapse's own messages have a few hundred."""
QUEUE, REASON, AT = "x-synapse-queue", "x-synapse-reason", "x-synapse-at"
"""Headers of a message that a consumer of ours put on the dead-letter exchange: the queue it is of, why, and when."""
BROKERS_OWN = ("x-death", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason", "x-last-death-exchange",
                "x-last-death-queue", "x-last-death-reason", "x-delivery-count")  # fmt: skip
_PROPERTIES = ("content_type", "content_encoding", "correlation_id", "message_id", "type", "priority", "reply_to")


def corpse_of(message: Any, now: datetime) -> Corpse:
    """What a delivery of kombu's is to be remembered by; ``now`` where the broker does not say when it died."""
    headers = dict(message.headers or {})
    death = _last_death(headers)
    at = death.get("time")
    body = _body(message)
    run, step = _about(body)
    queue, reason = str(death.get("queue", "")), str(death.get("reason", "unknown"))
    if not death and QUEUE in headers:
        # A consumer of ours refused it and says why: the broker would only say that it was rejected.
        queue, reason, at = str(headers[QUEUE]), str(headers.get(REASON, "unknown")), headers.get(AT)
    keys = death.get("routing-keys") or [""]
    named = {name: message.properties.get(name) for name in _PROPERTIES}
    named |= {"content_type": message.content_type, "content_encoding": message.content_encoding}
    plain = {name: value for name, value in headers.items() if name not in (*BROKERS_OWN, QUEUE, REASON, AT)}
    properties = {**{name: value for name, value in named.items() if value is not None}, "headers": _as_json(plain)}
    count = int(death.get("count", 1))
    died_at = at.replace(tzinfo=UTC) if isinstance(at, datetime) and at.tzinfo is None else at if isinstance(at, datetime) else now
    digest = hashlib.sha256(repr((queue, reason, count, at, properties, body)).encode()).hexdigest()
    return Corpse(
        digest=digest,
        queue=queue,
        reason=reason,
        count=max(1, count),
        died_at=died_at,
        run=run,
        step=step,
        size=len(body),
        exchange=str(death.get("exchange", "")),
        routing_key=str(keys[0]),
        properties=properties,
        body=body if len(body) <= MOST_KEPT else None,
    )


def publication_of(kept: Kept) -> Publication:
    """The message as it was, to the queue that gave it up: whoever else had it has had it."""
    properties = {**kept.properties, "delivery_mode": 2}
    return Publication("", kept.queue, kept.body or b"", properties, mandatory=True)


def _last_death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    deaths = headers.get("x-death")
    return deaths[0] if isinstance(deaths, Sequence) and deaths and isinstance(deaths[0], Mapping) else {}


def _body(message: Any) -> bytes:
    body = message.body
    return body if isinstance(body, bytes) else bytes(body) if isinstance(body, (bytearray, memoryview)) else str(body).encode()


def _about(body: bytes) -> tuple[str | None, str | None]:
    """Run and step of a hint (its first two arguments) or an event; of other messages nothing."""
    try:
        data = json.loads(body) if len(body) <= MOST_KEPT else None
    except (ValueError, RecursionError):
        return None, None
    if isinstance(data, dict):
        run, step = data.get("run"), data.get("step")
    else:
        arguments = data[0] if isinstance(data, list) and data else None
        run, step = arguments[:2] if isinstance(arguments, list) and len(arguments) > 1 else (None, None)
    return run if isinstance(run, str) else None, step if isinstance(step, str) else None


def _as_json(value: Any) -> Any:
    """Headers as JSON has them: a broker's tables know times and bytes too."""
    return json.loads(json.dumps(value, default=str))
