from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from synapse.errors import InvalidInput, Unavailable
from synapse.mcp_servers.admission import credentials_of, require_credentials
from synapse.mcp_servers.grants import EVERYTHING, READ, granted
from synapse.settings import McpServerSettings
from tests.unit.mcp_servers.issuing import AUDIENCE, ISSUER, Issuer

OAUTH = {"mcp_oauth_issuer": ISSUER, "mcp_oauth_audience": AUDIENCE}
TOKEN = "a-token-of-sixteen-or-more"


def _settings(**values: Any) -> McpServerSettings:
    return McpServerSettings.model_validate(values)


@pytest.mark.parametrize(
    "values",
    [
        {"mcp_oauth_issuer": ISSUER},
        {"mcp_oauth_audience": AUDIENCE},
        {**OAUTH, "mcp_oauth_issuer": "login.example.org"},
        {**OAUTH, "mcp_oauth_issuer": "http://login.example.org"},
        {**OAUTH, "mcp_oauth_jwks_url": "http://login.example.org/keys"},
        {**OAUTH, "mcp_oauth_jwks_url": "file:///etc/passwd"},
        {**OAUTH, "mcp_oauth_audience": "https://tools.example.org/#x"},
        {**OAUTH, "mcp_oauth_audience": 'https://tools.example.org/"'},
        {"mcp_host": "0.0.0.0"},
    ],
)
def test_settings_that_would_let_in_the_wrong_people_stop_the_server_at_once(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        require_credentials(_settings(**values))


@pytest.mark.parametrize("values", [OAUTH, {**OAUTH, "mcp_host": "0.0.0.0"}, {"mcp_token": TOKEN, "mcp_host": "::"}, {}])
def test_settings_that_keep_others_out_are_fine(values: dict[str, Any]) -> None:
    require_credentials(_settings(**values))


async def test_the_shared_token_and_access_tokens_are_accepted_side_by_side() -> None:
    issuer = Issuer()
    credentials = credentials_of(_settings(**OAUTH, mcp_token=SecretStr(TOKEN)), issuer.get)
    assert await credentials.grant([f"Bearer {TOKEN}".encode()]) == EVERYTHING
    assert issuer.asked == []
    assert await credentials.grant([f"Bearer {issuer.token()}".encode()]) == granted([READ])


async def test_the_keys_are_fetched_through_the_guard() -> None:
    """Metadata may name any address for the keys; one inside is not dialled. Here the issuer itself is one that was not named."""
    credentials = credentials_of(_settings(**{**OAUTH, "mcp_oauth_issuer": "https://169.254.169.254"}))
    with pytest.raises(Unavailable):
        await credentials.grant([f"Bearer {Issuer().token()}".encode()])
