"""OAuth 2.1, the resource server's part: access tokens are JWTs of one issuer, made for this server, and checked here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import jwt

from synapse.errors import InvalidInput, Unauthorized
from synapse.identity.keys import ALGORITHMS, IssuerKeys
from synapse.settings import is_loopback

_LEEWAY: Final = 30
"""Seconds by which clocks may differ."""
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})


@dataclass(frozen=True)
class AccessTokens:
    """Checks access tokens: signature by a key of the issuer, issuer, audience, expiry."""

    issuer: str
    audience: str
    keys: IssuerKeys

    async def claims(self, token: str) -> dict[str, Any]:
        """What a valid token says. Raises Unauthorized for one that is not valid here, Unavailable when the issuer's keys cannot be had.

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
            claims: dict[str, Any] = jwt.decode(
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
        return claims


def scopes_of(claims: dict[str, Any], name: str | None = None) -> list[str]:
    """The scopes in the claim of that name; by default as RFC 9068 has them, a string of words, or as ``scp``. A list does as well."""
    found = claims.get(name, "") if name is not None else claims.get("scope", claims.get("scp", ""))
    words = found.split() if isinstance(found, str) else found
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def check_url(value: str | None, field: str, *, keys: bool = True) -> None:
    """Raise InvalidInput for what is no http or https URL, or one from which ``keys`` would come unprotected. None is no URL and fine."""
    parts = urlsplit(value or "https://unset")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or parts.username or '"' in parts.geturl():
        raise InvalidInput(f"{value!r} is no http or https URL", field=field)
    if keys and parts.scheme == "http" and not is_loopback(parts.hostname):
        raise InvalidInput("keys that come over http can be exchanged on the way", field=field, remedy="use https")
