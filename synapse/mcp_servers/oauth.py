"""OAuth 2.1, the resource server's part: access tokens are JWTs of one issuer, made for this server, and checked here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import jwt

from synapse.mcp_servers.credentials import Unauthorized
from synapse.mcp_servers.grants import SCOPES, Grant, granted
from synapse.mcp_servers.keys import ALGORITHMS, IssuerKeys

METADATA: Final = "/.well-known/oauth-protected-resource"
_LEEWAY: Final = 30
"""Seconds by which clocks may differ."""
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})


@dataclass(frozen=True)
class JwtVerifier:
    """Checks access tokens: signature by a key of the issuer, issuer, audience, expiry."""

    issuer: str
    audience: str
    keys: IssuerKeys

    async def verify(self, token: str) -> Grant:
        """What the token grants. Raises Unauthorized for one that is not valid here, Unavailable when the issuer's keys cannot be had.

        Every reason is answered alike: which check failed helps only somebody who is trying.
        """
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            # The list is ours, never the token's: 'none' and every shared-secret algorithm are not on it.
            if algorithm not in ALGORITHMS or "crit" in header or str(header.get("typ", "JWT")).lower() not in _TYPES:
                raise Unauthorized
            key = await self.keys.find(header.get("kid"), algorithm)
            if key is None:
                raise Unauthorized
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self.audience,
                issuer=self.issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Unauthorized from None
        return granted(_scopes(claims))


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


def _scopes(claims: dict[str, Any]) -> list[str]:
    """RFC 9068 has a string of words; some servers give a list, or call it ``scp``."""
    found = claims.get("scope", claims.get("scp", ""))
    words = found.split() if isinstance(found, str) else found
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
