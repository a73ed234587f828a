"""Who is calling: the shared token of agents, or an access token of the operator's authorization server."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from synapse.errors import Unauthorized
from synapse.mcp_servers.grants import EVERYTHING, Grant

_LONGEST: Final = 16_384


class TokenVerifier(Protocol):
    """Knows access tokens of one issuer."""

    async def verify(self, token: str) -> Grant:
        """What the token grants. Raises Unauthorized for one that is not valid here, Unavailable when nobody can tell now."""


@dataclass(frozen=True)
class Credentials:
    """The credentials that are accepted. With neither a shared token nor a verifier everybody who reaches the server may do everything."""

    token: str | None = None
    verifier: TokenVerifier | None = None

    async def grant(self, authorization: Sequence[bytes]) -> Grant:
        """What a request with these Authorization headers may do. Raises Unauthorized, or Unavailable."""
        if self.token is None and self.verifier is None:
            return EVERYTHING
        # Two headers are refused rather than one chosen.
        if len(authorization) != 1 or len(authorization[0]) > _LONGEST:
            raise Unauthorized
        # In constant time: how much of a guess was right is not told by how long it took.
        if self.token is not None and hmac.compare_digest(authorization[0], f"Bearer {self.token}".encode()):
            return EVERYTHING
        scheme, _, token = authorization[0].partition(b" ")
        if self.verifier is None or scheme.lower() != b"bearer" or not token.isascii():
            raise Unauthorized
        return await self.verifier.verify(token.decode("ascii"))
