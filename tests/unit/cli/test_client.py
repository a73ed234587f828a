from __future__ import annotations

from pydantic import SecretStr

from synapse.cli.client import Api
from synapse.client import Client
from synapse.settings import ApiSettings


def test_the_commands_ask_the_api_of_the_settings_once() -> None:
    with Api.from_settings(ApiSettings(api_url="http://api.test:1/", api_token=SecretStr("t" * 16))) as api:
        assert isinstance(api, Client)
        assert (api.url, api.retries) == ("http://api.test:1", 0)
        assert api._http.headers["authorization"] == "Bearer " + "t" * 16
