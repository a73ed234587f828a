"""Messages of the inbox: the one that starts a run, and the answers to it."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from synapse.contracts.evidence import Frozen
from synapse.contracts.messages import SCHEMA_VERSION
from synapse.contracts.run import Failure, RunRequest, RunState

INBOX: Final = "synapse-inbox"
"""The queue that is written to."""


class TaskAssign(RunRequest):
    """Starts a run: what a POST to /v1/runs has, and an id. The same id from the same sender is the same run."""

    schema_version: Literal["1"] = "1"
    type: Literal["task_assign"]
    id: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Without it the message's message_id counts; a signed envelope must have it.",
    )

    @property
    def request(self) -> RunRequest:
        """What a POST would have."""
        return RunRequest.model_validate(self.model_dump(include=set(RunRequest.model_fields)))


class SignedTask(Frozen):
    """An envelope for a sender that the broker does not vouch for."""

    payload: str = Field(description="A task_assign as JSON text.")
    signature: str = Field(pattern=r"^[0-9a-f]{64}$", description="HMAC-SHA256 of the payload in UTF-8, in hexadecimal.")


class InboxAnswer(Frozen):
    """Sent to reply_to: once when the run is accepted, or refused, and once when it has ended."""

    schema_version: str = SCHEMA_VERSION
    type: Literal["status_update"] = "status_update"
    name: Literal["run.accepted", "run.refused", "run.ended"]
    run: str | None = None
    state: RunState | None = None
    error: Failure | None = None
