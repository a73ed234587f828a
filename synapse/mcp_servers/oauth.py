"""OAuth 2.1, the resource server's part: what access tokens grant here, and how a client learns where to get one."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import urlsplit

from synapse.identity.tokens import AccessTokens, scopes_of
from synapse.mcp_servers.grants import SCOPES, Grant, granted

METADATA: Final = "/.well-known/oauth-protected-resource"


class JwtVerifier(AccessTokens):
    """Checks access tokens, and reads what they grant."""

    async def verify(self, token: str) -> Grant:
        """What the token grants. Raises as `claims`."""
        return granted(scopes_of(await self.claims(token)))


def metadata_path(audience: str) -> str:
    """Where the metadata of a resource is, below its origin (RFC 9728)."""
    return METADATA + urlsplit(audience).path.rstrip("/")


def metadata_url(audience: str) -> str:
    """The same as a whole URL."""
    parts = urlsplit(audience)
    return f"{parts.scheme}://{parts.netloc}{metadata_path(audience)}"


def metadata(issuer: str, audience: str, name: str) -> bytes:
    """What a client must know to get a token: the protected-resource metadata of RFC 9728, as JSON."""
    document = {
        "resource": audience,
        "authorization_servers": [issuer],
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_name": name,
    }
    return json.dumps(document).encode()
