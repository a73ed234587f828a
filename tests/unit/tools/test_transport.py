from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR

from synapse.tools.transport import HTTP_STATUS, Resilient, request_id


class Body(httpx2.AsyncByteStream):
    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self.chunks, self.error, self.closed = chunks, error, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        if self.error:
            raise self.error

    async def aclose(self) -> None:
        self.closed = True


class Inner(httpx2.AsyncBaseTransport):
    def __init__(self, *steps: Callable[[], httpx2.Response] | Exception) -> None:
        self.steps, self.requests = list(steps), []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step()


def _json(status: int = 200, kind: str = "application/json", *, error: Exception | None = None) -> Callable[[], httpx2.Response]:
    return lambda: httpx2.Response(status, headers={"content-type": kind}, stream=Body(b'{"a": 1}', error=error))


async def _send(inner: Inner) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=Resilient(inner), trust_env=False) as client:
        return await client.post("http://server/mcp", json={})


async def test_a_stale_connection_is_replaced_without_anybody_noticing() -> None:
    for broken in (
        httpx2.ReadError("reset"),
        httpx2.RemoteProtocolError("closed"),
        httpx2.WriteError("pipe"),
        httpx2.ConnectError("refused"),
    ):
        inner = Inner(broken, _json())
        assert (await _send(inner)).json() == {"a": 1}
        assert len(inner.requests) == 2


async def test_an_answer_that_breaks_half_way_is_asked_for_again() -> None:
    inner = Inner(_json(error=httpx2.ReadError("reset")), _json())
    assert (await _send(inner)).json() == {"a": 1}


async def test_a_server_that_stays_away_is_an_error_answer_and_no_exception() -> None:
    response = await _send(Inner(httpx2.ConnectError("refused"), httpx2.ConnectError("refused")))
    assert response.json()["error"]["code"] == CONNECTION_CLOSED
    assert response.json()["error"]["data"] == {HTTP_STATUS: 0}


async def test_a_time_limit_of_the_transport_is_not_tried_again() -> None:
    inner = Inner(httpx2.ReadTimeout("slow"))
    assert (await _send(inner)).json()["error"]["code"] == CONNECTION_CLOSED
    assert len(inner.requests) == 1


@pytest.mark.parametrize("status", [401, 421, 500, 503])
async def test_a_refusal_in_plain_words_keeps_its_status(status: int) -> None:
    for kind in ("text/plain", "application/json"):
        response = await _send(Inner(_json(status, kind)))
        assert response.status_code == status
        assert response.json()["error"]["code"] == INTERNAL_ERROR
        assert response.json()["error"]["data"] == {HTTP_STATUS: status}


async def test_an_event_stream_is_passed_on_unread() -> None:
    body = Body(b"data: x\n\n")
    inner = Inner(lambda: httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=body))
    async with (
        httpx2.AsyncClient(transport=Resilient(inner), trust_env=False) as client,
        client.stream("POST", "http://server/") as response,
    ):
        assert not body.closed
        assert b"".join([chunk async for chunk in response.aiter_bytes()]) == b"data: x\n\n"


async def test_a_call_carries_the_correlation_header_of_its_context() -> None:
    inner = Inner(_json(), _json())
    await _send(inner)
    token = request_id.set("run-1:step")
    await _send(inner)
    request_id.reset(token)
    assert [request.headers.get("x-request-id") for request in inner.requests] == [None, "run-1:step"]
