"""Agent messages: every state change as a versioned fact, in SQL, on the topic exchange and in the event stream."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from synapse.contracts.evidence import Frozen

SCHEMA_VERSION = "1"


class MessageType(StrEnum):
    """The kinds of agent message."""

    TASK_ASSIGN = "task_assign"
    STATUS_UPDATE = "status_update"
    DATA_SUBMIT = "data_submit"
    VALIDATION_REQUEST = "validation_request"
    VALIDATION_RESPONSE = "validation_response"
    LOG_BROADCAST = "log_broadcast"


class Event(Frozen):
    """Something that happened in a run.

    ``seq`` counts from 1 without a gap within a run: a reader that has n has everything before n.
    """

    schema_version: str = SCHEMA_VERSION
    run: str
    seq: int = Field(ge=1)
    at: datetime
    type: MessageType
    name: str = Field(description="What happened, e.g. 'step.started'.", examples=["step.succeeded"])
    step: str | None = Field(default=None, description="The step's path; null for the run itself.")
    agent: str | None = None
    attempt: int | None = None
    data: dict[str, Any] = Field(default_factory=dict)

    @property
    def routing_key(self) -> str:
        """The topic it is published under: ``<type>.<agent or run>.<name>``, dots inside a part replaced."""
        who = (self.agent or "run").replace(".", "-")
        return f"{self.type.value}.{who}.{self.name}"
