"""A dead letter as the broker delivers it, for the tests of whoever meets one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from synapse.engine.dead_letters import corpse_of
from synapse.state.dead_letters import Corpse

DIED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HINT = b'[["r1","a[0]","d1"],{},{}]'


class Delivery:
    """What kombu hands to a consumer that asks for messages as they are."""

    def __init__(self, body: bytes = HINT, *, content_type: str = "application/json", **death: Any) -> None:
        given = {"queue": "synapse-search", "reason": "rejected", "count": 1, "exchange": "", "routing-keys": ["synapse-search"]}
        self.body, self.content_type, self.content_encoding = body, content_type, "utf-8"
        self.headers: dict[str, Any] = {"task": "synapse.search", "x-death": [{**given, "time": DIED, **death}], "x-first-death-queue": "q"}
        self.properties: dict[str, Any] = {"correlation_id": "r1:a[0]"}
        self.acked = False

    def ack(self) -> None:
        self.acked = True


def corpse(body: bytes = HINT, **death: Any) -> Corpse:
    """What is recorded of one."""
    return corpse_of(Delivery(body, **death), DIED)
