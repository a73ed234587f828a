"""Who is calling: by the operator's token, an API key, or an access token of the operator's authorization server."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Sequence
from typing import Any, Final

from synapse.contracts.principal import OPERATOR, Principal, scopes_among, tenant_of
from synapse.engine.runtime import Runtime
from synapse.errors import InvalidInput, Unauthorized
from synapse.identity.fetching import get as plain_get
from synapse.identity.keys import Get, IssuerKeys
from synapse.identity.tokens import AccessTokens, check_url, scopes_of
from synapse.settings import ApiSettings, is_loopback

_LONGEST: Final = 16_384


class Callers:
    """Tells callers of one API apart."""

    def __init__(self, runtime: Runtime, settings: ApiSettings, get: Get = plain_get) -> None:
        """Connects to nothing. Raises InvalidInput when others than this machine could call and nothing would keep them out."""
        self._runtime = runtime
        self._settings = settings
        self._token = settings.api_token.get_secret_value() if settings.api_token is not None else None
        self._tokens = _access_tokens(settings, get)
        _check_exposure(settings, runtime.broker.embedded)

    @property
    def open(self) -> bool:
        """Whether who sends no credentials is the operator: nobody but this machine can call then."""
        return self._token is None and self._tokens is None

    async def principal(self, authorization: Sequence[bytes]) -> Principal:
        """Who sent a request with these Authorization headers.

        Raises Unauthorized, whatever is wrong with the credentials, and Unavailable when nobody can tell now.
        """
        if self.open and not authorization:
            return OPERATOR
        # Two headers are refused rather than one chosen.
        if len(authorization) != 1 or len(authorization[0]) > _LONGEST:
            raise Unauthorized
        # In constant time: how much of a guess was right is not told by how long it took.
        if self._token is not None and hmac.compare_digest(authorization[0], f"Bearer {self._token}".encode()):
            return OPERATOR
        scheme, _, sent = authorization[0].partition(b" ")
        if scheme.lower() != b"bearer" or not sent.isascii():
            raise Unauthorized
        credential = sent.decode("ascii")
        if credential.startswith("syn_"):
            found = await asyncio.to_thread(self._runtime.database.api_keys.principal, credential)
            if found is None:
                raise Unauthorized
            return found
        if self._tokens is None:
            raise Unauthorized
        return self._principal(await self._tokens.claims(credential))

    def _principal(self, claims: dict[str, Any]) -> Principal:
        tenant = claims.get(self._settings.api_oidc_tenant_claim)
        try:
            # A token that names no tenant is nobody's: one that was taken for the default tenant's would be a door to it.
            named = tenant_of(tenant if isinstance(tenant, str) else "")
        except InvalidInput:
            raise Unauthorized from None
        scopes = scopes_among(scopes_of(claims, self._settings.api_oidc_scope_claim))
        return Principal(named, str(claims.get("sub", "somebody"))[:100], scopes)


def _access_tokens(settings: ApiSettings, get: Get) -> AccessTokens | None:
    issuer, audience = settings.api_oidc_issuer, settings.api_oidc_audience
    if (issuer is None) != (audience is None):
        raise InvalidInput("SYNAPSE_API_OIDC_ISSUER and SYNAPSE_API_OIDC_AUDIENCE are set together, or neither is", field="api_oidc_issuer")
    if issuer is None or audience is None:
        return None
    check_url(issuer, "api_oidc_issuer")
    check_url(settings.api_oidc_jwks_url, "api_oidc_jwks_url")
    return AccessTokens(issuer, audience, IssuerKeys(issuer, get, url=settings.api_oidc_jwks_url))


def _check_exposure(settings: ApiSettings, embedded: bool) -> None:
    if settings.api_token is not None or settings.api_oidc_issuer is not None:
        return
    if not is_loopback(settings.api_host):
        raise InvalidInput(
            f"an API that listens on {settings.api_host!r} needs a token",
            field="SYNAPSE_API_TOKEN",
            remedy="set it to at least 16 characters, or listen on 127.0.0.1",
        )
    if not embedded:
        raise InvalidInput(
            "an API that shares a broker with others needs a token",
            field="SYNAPSE_API_TOKEN",
            remedy="set it to at least 16 characters, for the API and for the command",
        )
