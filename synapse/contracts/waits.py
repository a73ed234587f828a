"""What a run waits for, and the signals that are sent to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, JsonValue

from synapse.contracts.evidence import Frozen
from synapse.contracts.exact import Flag


class Waiting(Frozen):
    """A step that waits without a worker."""

    step: str = Field(description="Its place, e.g. 'publish' or 'confirm[2]'.", examples=["publish"])
    kind: Literal["timer", "signal", "approval"]
    signal: str | None = Field(default=None, description="The name to send the signal under; null for a timer.", examples=["publish"])
    since: datetime
    until: datetime | None = Field(default=None, description="When a timer fires or the wait expires; null: as long as the run has.")
    ask: str | None = Field(default=None, description="What is asked.", examples=["Publish this report?"])
    payload: dict[str, Any] | None = Field(default=None, description="JSON Schema of the payload; null for a timer.")


class SignalRequest(Frozen):
    """What is sent to a run that waits."""

    payload: JsonValue = Field(
        default=None,
        description="Checked against the schema of who waits for it.",
        examples=[{"approved": True, "comment": "Go ahead."}],
    )


class Decision(Frozen):
    """The payload of a signal that an approval waits for."""

    approved: Flag
    comment: str | None = Field(default=None, max_length=2000)
    by: str | None = Field(default=None, min_length=1, max_length=200, description="Who decided, where that is not who sends it.")


class Signal(Frozen):
    """A signal that a run has received. It is kept until a step waits for it, and taken once."""

    run: str
    number: int = Field(description="That of its event; signals of one name are taken in this order.")
    name: str = Field(description="What it was sent under.", examples=["publish"])
    at: datetime
    by: str = Field(description="Who sent it: the key's name, or the subject of the token.")
    step: str | None = Field(default=None, description="The step that took it; null while none has.")
