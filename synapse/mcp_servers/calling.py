"""A call over plain HTTP: its answer whole, or its progress as server-sent events; and its end when the caller goes away."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mcp.server.mcpserver import Context
from pydantic import PrivateAttr
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_SILENCE: Final = 15.0
"""Seconds after which a comment is sent, so that nothing on the way takes the connection for dead."""
_STREAM_HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


@dataclass(frozen=True)
class Outcome:
    """How a call ended."""

    status: int
    body: dict[str, Any]
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Telling(Context[Any, Any]):
    """What a tool is given instead of a context of MCP: somewhere to tell its progress."""

    _events: asyncio.Queue[bytes] = PrivateAttr(default_factory=asyncio.Queue)

    async def report_progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        """Put it where whoever streams finds it."""
        self._events.put_nowait(_event("progress", {"progress": progress, "total": total, "message": message}))

    async def told(self) -> bytes:
        """The next event, when there is one."""
        return await self._events.get()

    def rest(self) -> bytes:
        """All events that nobody took yet."""
        return b"".join(self._events.get_nowait() for _ in range(self._events.qsize()))


Call = Callable[[Telling], Coroutine[Any, Any, Outcome]]


async def answer(call: Call, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the outcome as JSON; nothing when the caller goes away before."""
    async with _running(call(Telling()), receive) as (task, gone):
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            outcome = task.result()
            content = json.dumps(outcome.body)
            await Response(content, outcome.status, dict(outcome.headers), outcome.media_type)(scope, receive, send)


async def stream(call: Call, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with events: ``progress`` as it comes, and at the end ``result`` or ``error`` with a problem."""
    telling = Telling()
    async with _running(call(telling), receive) as (task, gone):
        await send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
        while not task.done() and not gone.done():
            event = asyncio.create_task(telling.told())
            try:
                await asyncio.wait({task, gone, event}, return_when=asyncio.FIRST_COMPLETED, timeout=_SILENCE)
                if event.done():
                    await _chunk(send, event.result())
                elif not task.done() and not gone.done():
                    await _chunk(send, b": still at it\n\n")
            finally:
                event.cancel()
        if task.done():
            outcome = task.result()
            last = _event("result" if outcome.status == 200 else "error", outcome.body)
            await _chunk(send, telling.rest() + last, more=False)


@contextlib.asynccontextmanager
async def _running(call: Coroutine[Any, Any, Outcome], receive: Receive) -> AsyncIterator[tuple[asyncio.Task[Outcome], asyncio.Task[None]]]:
    """The call, and what tells that its caller is gone. Leaving ends both, the call by cancelling it where it is."""
    task, gone = asyncio.create_task(call), asyncio.create_task(_until_gone(receive))
    try:
        yield task, gone
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _until_gone(receive: Callable[[], Awaitable[Any]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _chunk(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
