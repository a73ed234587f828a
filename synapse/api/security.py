"""Who may call: a bearer token when one is set, else only pages and programs of this machine."""

from __future__ import annotations

import hmac
from typing import Annotated, Final

from fastapi import Depends, Request

from synapse.api.problems import Refusal
from synapse.errors import InvalidInput
from synapse.settings import ApiSettings, is_loopback

HEADERS: Final = {"WWW-Authenticate": 'Bearer realm="synapse"'}


def check_exposure(settings: ApiSettings) -> None:
    """Raise InvalidInput when others than this machine could call and nothing would keep them out."""
    if settings.api_token is None and not is_loopback(settings.api_host):
        raise InvalidInput(
            f"an API that listens on {settings.api_host!r} needs a token",
            field="SYNAPSE_API_TOKEN",
            remedy="set it to at least 16 characters, or listen on 127.0.0.1",
        )


def authorised(request: Request) -> bool:
    """Whether the request may see and do everything."""
    settings: ApiSettings = request.app.state.settings
    if settings.api_token is None:
        return _host(request) in settings.api_allowed_hosts
    sent = request.headers.getlist("authorization")
    expected = f"Bearer {settings.api_token.get_secret_value()}".encode()
    # Compared in constant time; two headers are refused rather than one chosen.
    return len(sent) == 1 and hmac.compare_digest(sent[0].encode("latin-1", "replace"), expected)


def require(request: Request) -> None:
    """Refuse a request that is not authorised."""
    if authorised(request):
        return
    settings: ApiSettings = request.app.state.settings
    if settings.api_token is None:
        # A page of another site can have its own name point to this machine; its requests carry that name.
        remedy = "add the name to SYNAPSE_API_ALLOWED_HOSTS, or set SYNAPSE_API_TOKEN"
        raise Refusal("misdirected-request", 421, "this API does not answer to that host name", remedy=remedy)
    raise Refusal("unauthorized", 401, "a valid bearer token is needed", remedy="send Authorization: Bearer <token>", headers=HEADERS)


Protected = Depends(require)
Authorised = Annotated[bool, Depends(authorised)]


def _host(request: Request) -> str:
    name = request.headers.get("host", "")
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0].lower()
