"""The API as the commands call it: the one that the settings name, asked once, for whoever typed the command sees what went wrong."""

from __future__ import annotations

from synapse.client.blocking import Client
from synapse.settings import ApiSettings


class Api(Client):
    """A connection to the API. Every method raises Unreachable when it does not answer and Refused when it says no."""

    @classmethod
    def from_settings(cls, settings: ApiSettings | None = None) -> Api:
        """The API that the settings name."""
        settings = settings or ApiSettings()
        return cls(settings.api_url, settings.api_token.get_secret_value() if settings.api_token else None, retries=0)
