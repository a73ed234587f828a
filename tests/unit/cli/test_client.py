from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr

from synapse.cli.client import Api, Hurried
from synapse.client import Client
from synapse.settings import ApiSettings


def test_the_commands_ask_the_api_of_the_settings_once() -> None:
    with Api.from_settings(ApiSettings(api_url="http://api.test:1/", api_token=SecretStr("t" * 16))) as api:
        assert isinstance(api, Client)
        assert (api.url, api.retries) == ("http://api.test:1", 0)
        assert api._http.headers["authorization"] == "Bearer " + "t" * 16


def test_who_cannot_wait_says_how_long_the_network_has(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[httpx.Request] = []

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"runs": [], "next": None})

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    with Api.from_settings(ApiSettings(api_url="http://api.test:1/"), within=0.5) as api:
        api.runs()
        assert isinstance(api._http._transport, Hurried)
    assert sent[0].extensions["timeout"] == {"connect": 0.5, "read": 0.5, "write": 0.5, "pool": 0.5}
