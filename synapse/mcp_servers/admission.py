"""From the settings to who is let in."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from synapse.egress.urls import UrlPolicy
from synapse.errors import InvalidInput
from synapse.identity.keys import Get, IssuerKeys
from synapse.identity.tokens import check_url
from synapse.mcp_servers.credentials import Credentials
from synapse.mcp_servers.fetch import Fetcher
from synapse.mcp_servers.oauth import JwtVerifier
from synapse.settings import McpServerSettings, is_loopback

_KEYS_MAX_BYTES: Final = 1_000_000
_KEYS_SECONDS: Final = 10.0


def require_credentials(settings: McpServerSettings) -> None:
    """Raise InvalidInput when others than this machine could call and nothing would keep them out."""
    _check_oauth(settings)
    if settings.mcp_token is not None:
        if len(settings.mcp_token.get_secret_value()) < 16:
            raise InvalidInput("SYNAPSE_MCP_TOKEN is shorter than 16 characters", field="mcp_token")
        return
    if settings.mcp_oauth_issuer is None and not is_loopback(settings.mcp_host):
        raise InvalidInput(
            f"an MCP server that listens on {settings.mcp_host!r} needs a token", field="mcp_token", remedy="set SYNAPSE_MCP_TOKEN"
        )


def credentials_of(settings: McpServerSettings, get: Get | None = None) -> Credentials:
    """The credentials that the settings accept. ``get`` asks the authorization server; by default it is fetched from like any page."""
    token = settings.mcp_token.get_secret_value() if settings.mcp_token is not None else None
    issuer, audience = settings.mcp_oauth_issuer, settings.mcp_oauth_audience
    if issuer is None or audience is None:
        return Credentials(token)
    keys = IssuerKeys(issuer, get or _guarded(issuer, settings.mcp_oauth_jwks_url), url=settings.mcp_oauth_jwks_url)
    return Credentials(token, JwtVerifier(issuer, audience, keys))


def _guarded(*named: str | None) -> Get:
    # The operator named these hosts, so they may be private; where metadata or a redirect leads besides may not.
    hosts = {urlsplit(url).netloc for url in named if url is not None}
    fetcher = Fetcher(UrlPolicy(tuple(sorted(hosts))), _KEYS_MAX_BYTES, _KEYS_SECONDS)

    async def get(url: str) -> bytes:
        return (await fetcher.fetch(url)).body

    return get


def _check_oauth(settings: McpServerSettings) -> None:
    """Raise InvalidInput for settings by which no token could be checked."""
    issuer, audience = settings.mcp_oauth_issuer, settings.mcp_oauth_audience
    if (issuer is None) != (audience is None):
        raise InvalidInput(
            "SYNAPSE_MCP_OAUTH_ISSUER and SYNAPSE_MCP_OAUTH_AUDIENCE are set together, or neither is", field="mcp_oauth_issuer"
        )
    for field in ("mcp_oauth_issuer", "mcp_oauth_audience", "mcp_oauth_jwks_url"):
        check_url(getattr(settings, field), field, keys=field != "mcp_oauth_audience")
