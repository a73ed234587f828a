from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from synapse.contracts.principal import Tenant
from synapse.service.envelope import new_secret
from synapse.service.posting import Answer, Post
from synapse.settings import WebhookSettings
from synapse.state.deliveries import Claimed

PUBLIC = "93.184.215.14"
SECRET = new_secret()


class Wire(httpx.AsyncBaseTransport):
    """Keeps requests and answers them."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answer = answer
        self.requests: list[tuple[httpx.Request, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request, await request.aread()))
        return self.answer(request)


def claimed(url: str = "https://hooks.example.com/x") -> Claimed:
    data: dict[str, Any] = {"run": "r1", "workflow": "w", "code": None}
    at = datetime(2026, 1, 2, tzinfo=UTC)
    return Claimed("d1", "w1", Tenant("default"), url, (SECRET,), "run.completed", data, at, 1, 1, ())


def posted(
    answer: Callable[[httpx.Request], httpx.Response] | None = None,
    url: str = "https://hooks.example.com/x",
    addresses: Sequence[str] = (PUBLIC,),
    **settings: Any,
) -> tuple[Answer, Wire]:
    wire = Wire(answer or (lambda _: httpx.Response(204)))

    async def resolver(host: str, port: int) -> Sequence[str]:
        return addresses

    def transport(tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
        return wire

    post = Post(WebhookSettings(**settings), resolver=resolver, make_transport=transport)
    return post(claimed(url)), wire


def test_a_request_is_signed_and_goes_to_an_address_that_was_checked() -> None:
    answer, wire = posted(webhook_public_url="https://synapse.example.com")
    assert (answer.taken, answer.status, answer.error) == (True, 204, None)
    ((request, body),) = wire.requests
    assert (request.method, str(request.url), request.headers["host"]) == ("POST", f"https://{PUBLIC}/x", "hooks.example.com")
    told = Webhook(SECRET).verify(body, dict(request.headers))
    assert told["data"]["links"]["run"] == "https://synapse.example.com/v1/runs/r1"
    assert told == json.loads(body)
    assert "cookie" not in request.headers


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
def test_a_private_address_is_never_dialled(address: str) -> None:
    answer, wire = posted(addresses=[PUBLIC, address])
    assert (answer.taken, answer.status, wire.requests) == (False, None, [])
    assert "may not be fetched" in (answer.error or "")


def test_a_host_that_the_operator_lists_may_have_a_private_address() -> None:
    url = "http://hooks.intern:9000/x"
    assert posted(url=url, addresses=["10.0.0.7"])[1].requests == []
    answer, wire = posted(url=url, addresses=["10.0.0.7"], webhook_allowed_hosts=("hooks.intern:9000",))
    assert (answer.taken, str(wire.requests[0][0].url)) == (True, "http://10.0.0.7:9000/x")


def test_the_address_where_clouds_keep_credentials_is_not_dialled_for_anybody() -> None:
    answer, wire = posted(addresses=["169.254.169.254"], webhook_allowed_hosts=("hooks.example.com",))
    assert (answer.taken, wire.requests) == (False, [])


def test_a_redirect_is_not_followed_and_not_taken_for_an_answer() -> None:
    answer, wire = posted(lambda _: httpx.Response(302, headers={"location": "https://elsewhere.example.com/"}))
    assert (answer.taken, answer.status, answer.error, len(wire.requests)) == (False, 302, "redirects are not followed", 1)


@pytest.mark.parametrize(("status", "taken"), [(200, True), (299, True), (400, False), (410, False), (500, False)])
def test_only_a_status_of_success_is_taken(status: int, taken: bool) -> None:
    answer, _ = posted(lambda _: httpx.Response(status, text="because"))
    assert (answer.taken, answer.status, answer.text) == (taken, status, "because")


def test_how_long_a_receiver_wants_to_be_left_alone_is_told() -> None:
    answer, _ = posted(lambda _: httpx.Response(429, headers={"retry-after": "120"}))
    assert (answer.taken, answer.pause) == (False, 120.0)


class Endless(httpx.AsyncByteStream):
    """A body without an end."""

    def __init__(self) -> None:
        self.given = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.given += 1
            yield b"x" * 300


def test_of_an_answer_without_an_end_the_beginning_is_kept() -> None:
    body = Endless()
    answer, _ = posted(lambda _: httpx.Response(200, stream=body))
    assert (answer.taken, answer.text) == (True, "x" * 500)
    assert body.given < 10


def test_one_that_does_not_answer_is_given_up_in_time() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            import asyncio

            await asyncio.Event().wait()
            raise AssertionError

    async def resolver(host: str, port: int) -> Sequence[str]:
        return [PUBLIC]

    post = Post(WebhookSettings(webhook_timeout_seconds=0.05), resolver=resolver, make_transport=lambda _: Silent())
    answer = post(claimed())
    assert (answer.status, answer.error) == (None, "no answer within 0.05 seconds")


def test_whatever_happens_is_an_outcome_of_that_delivery_alone() -> None:
    def breaks(_: httpx.Request) -> httpx.Response:
        raise RuntimeError("secret words")

    assert posted(breaks)[0].error == "it failed unexpectedly: RuntimeError"

    def refuses(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    assert posted(refuses)[0].error == "no connection could be made"
    assert posted(url="ftp://hooks.example.com/")[0].error == "only http and https are fetched"
