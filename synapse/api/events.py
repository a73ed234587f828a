"""A run's events: live as server-sent events, or as a list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Header, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import TypeAdapter

from synapse.api.accept import best
from synapse.api.dependencies import RunId, ServiceOf
from synapse.api.problems import Refusal, declared
from synapse.contracts.messages import Event
from synapse.errors import InvalidInput
from synapse.service.feed import Feed
from synapse.service.service import Service

router = APIRouter(prefix="/v1/runs", tags=["runs"])
_log = structlog.get_logger(__name__)

STREAM: Final = "text/event-stream"
JSON: Final = "application/json"
KEEP_ALIVE_SECONDS: Final = 15.0
_RETRY_MILLISECONDS: Final = 1000
_AHEAD: Final = 100
_LIST: Final = TypeAdapter(Sequence[Event])
_STREAM_EXAMPLE: Final = (
    'id: 7\nevent: step.succeeded\ndata: {"run":"5f0c…","seq":7,"name":"step.succeeded","step":"read[3]","agent":"extraction", …}\n\n'
)
_MESSAGE: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Of each message of the stream; what is in ``data`` is an Event as JSON.",
    "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": {"type": "string"}, "retry": {"type": "integer"}},
}
_CONTENT: Final[dict[str, Any]] = {
    STREAM: {"schema": _MESSAGE, "example": _STREAM_EXAMPLE},
    JSON: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}},
}


@router.get(
    "/{run}/events",
    response_class=Response,
    responses={
        200: {"description": "Events above the number asked for", "content": _CONTENT},
        204: {"description": "The run is over and there are no more events; an EventSource stops reconnecting"},
        **declared(400, 404, 406),
    },
)
async def events(
    run: RunId,
    service: ServiceOf,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", description="Number of the last event seen; wins over ``after``.")
    ] = None,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only events above this number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="Events at most, of a list.")] = 1000,
) -> Response:
    """Follow a run. The stream ends after the event that ends the run; with ``Accept: application/json``, what there is now."""
    seen = _number(last_event_id) if last_event_id else after
    kind = best(accept, (STREAM, JSON))
    if kind is None:
        raise Refusal("not-acceptable", 406, f"events are {STREAM} or {JSON}")
    if kind == JSON:
        page = await run_in_threadpool(service.runs.events, run, seen, limit)
        return Response(_LIST.dump_json(page), media_type=JSON)
    if await _is_over(service, run, seen):
        return Response(status_code=204)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(service.feed, run, seen), media_type=STREAM, headers=headers)


async def stream(feed: Feed, run: str, after: int, keep_alive: float = KEEP_ALIVE_SECONDS) -> AsyncIterator[bytes]:
    """The events above ``after`` as they come, with a comment whenever none came for ``keep_alive`` seconds."""
    queue: asyncio.Queue[Event | None] = asyncio.Queue(_AHEAD)
    # A task of its own: however this response is cut off, the feed's listener is taken down in an orderly way.
    pump = asyncio.create_task(_pump(feed, run, after, queue))
    try:
        yield format_sse_event(retry=_RETRY_MILLISECONDS)
        while True:
            try:
                async with asyncio.timeout(keep_alive):
                    event = await queue.get()
            except TimeoutError:
                yield b": keep-alive\n\n"
                continue
            if event is None:
                return
            yield format_sse_event(data_str=event.model_dump_json(), event=event.name, id=str(event.seq))
    finally:
        pump.cancel()


async def _pump(feed: Feed, run: str, after: int, queue: asyncio.Queue[Event | None]) -> None:
    try:
        async with aclosing(feed.follow(run, after)) as following:
            async for event in following:
                await queue.put(event)
    except Exception as error:
        # The client comes back with the number of the last event it has.
        _log.warning("api.stream_broken", run=run, error=repr(error)[:300])
    await queue.put(None)


async def _is_over(service: Service, run: str, after: int) -> bool:
    """Whether there is nothing to wait for. Raises NotFound."""
    state = await run_in_threadpool(service.runs.state, run)
    return state.terminal and after > 0 and not await run_in_threadpool(service.runs.events, run, after, 1)


def _number(last_event_id: str) -> int:
    if not last_event_id.isascii() or not last_event_id.isdigit() or len(last_event_id) > 15:
        raise InvalidInput("not an event's number", field="Last-Event-ID", remedy="send the id of the last event, or leave it out")
    return int(last_event_id)
