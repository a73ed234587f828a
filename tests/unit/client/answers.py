"""What an API answers, without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx

from synapse.contracts.messages import Event, MessageType
from synapse.contracts.run import Failure, RunDetail, RunState
from synapse.contracts.waits import Signal

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def event(seq: int, name: str) -> str:
    """One server-sent event."""
    made = Event(run="r", seq=seq, at=NOW, type=MessageType.STATUS_UPDATE, name=name)
    return f"id: {seq}\nevent: {name}\ndata: {made.model_dump_json()}\n\n"


def run(state: RunState = RunState.RUNNING, error: str | None = None) -> httpx.Response:
    """A run."""
    failure = Failure(code="permanent", message=error) if error else None
    made = RunDetail(id="r", workflow="w", state=state, input={}, created_at=NOW, error=failure)
    return httpx.Response(200, content=made.model_dump_json())


def signal() -> httpx.Response:
    """A signal that a step took."""
    made = Signal(run="r", number=5, name="publish", at=NOW, by="operator", step="publish")
    return httpx.Response(202, content=made.model_dump_json())


class Breaks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that breaks off after its text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __iter__(self) -> Iterator[bytes]:
        yield self.text.encode()
        raise httpx.ReadError("gone")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.text.encode()
        raise httpx.ReadError("gone")
