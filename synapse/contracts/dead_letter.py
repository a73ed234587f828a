"""A message that no queue would keep: what it was, and why it was given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from synapse.contracts.evidence import Frozen


class DeadLetter(Frozen):
    """A message that the broker gave up, as it is listed."""

    id: str
    queue: str = Field(description="The queue that it was given up from.")
    reason: str = Field(
        description="As RabbitMQ says: rejected, expired, maxlen or delivery_limit; unknown where it does not say. "
        "Of what the inbox refused, a code and what was wrong."
    )
    count: int = Field(ge=1, description="How often it was given up from there.")
    died_at: datetime = Field(description="When it was given up last, by the broker's clock.")
    recorded_at: datetime
    run: str | None = Field(default=None, description="The run that it was about, where it can be read.")
    step: str | None = None
    size: int = Field(ge=0, description="Bytes of its body.")


class DeadLetterDetail(DeadLetter):
    """One with its content."""

    exchange: str = Field(description="The exchange that it was published to; empty for the default one.")
    routing_key: str
    properties: dict[str, Any] = Field(description="Content type and encoding, headers, ids; without the broker's own account.")
    body: str = Field(description="As text; bytes that are no UTF-8 are replaced. Empty when it was too large to keep.")
    kept: bool = Field(description="Whether the whole body was kept, without which it cannot be sent again.")


class DeadLetterPage(Frozen):
    """One page of dead letters, newest first."""

    letters: tuple[DeadLetter, ...]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
