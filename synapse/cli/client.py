"""The API as the commands call it: the one that the settings name, asked once, for whoever typed the command sees what went wrong."""

from __future__ import annotations

import httpx

from synapse import trust
from synapse.client.blocking import Client
from synapse.settings import ApiSettings


class Hurried(httpx.HTTPTransport):
    """Waits a few seconds for the network each time, whatever the request says."""

    def __init__(self, seconds: float) -> None:
        super().__init__(verify=trust.context(), trust_env=False)
        self._timeout = httpx.Timeout(seconds).as_dict()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it."""
        request.extensions["timeout"] = self._timeout
        return super().handle_request(request)


class Api(Client):
    """A connection to the API. Every method raises Unreachable when it does not answer and Refused when it says no."""

    @classmethod
    def from_settings(cls, settings: ApiSettings | None = None, *, within: float | None = None) -> Api:
        """The API that the settings name. Who cannot wait for it says ``within`` how many seconds it must answer."""
        settings = settings or ApiSettings()
        token = settings.api_token.get_secret_value() if settings.api_token else None
        return cls(settings.api_url, token, retries=0, transport=Hurried(within) if within is not None else None)
