"""Who may call: whom the credentials stand for, and whether that is enough for the route."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request

from synapse.api.access import ROUTES
from synapse.api.problems import Refusal
from synapse.api.quota import Exhausted, Quota, note
from synapse.contracts.principal import Principal, Scope
from synapse.errors import SynapseError, Unauthorized
from synapse.service.callers import Callers
from synapse.settings import ApiSettings

CHALLENGE: Final = 'Bearer realm="synapse"'


async def caller(request: Request) -> Principal:
    """Who sent the request. Raises Refusal, or Unavailable when nobody can tell now."""
    callers: Callers = request.app.state.callers
    settings: ApiSettings = request.app.state.settings
    if callers.open and _host(request) not in settings.api_allowed_hosts:
        # A page of another site can have its own name point to this machine; its requests carry that name.
        remedy = "add the name to SYNAPSE_API_ALLOWED_HOSTS, or set SYNAPSE_API_TOKEN"
        raise Refusal("misdirected-request", 421, "this API does not answer to that host name", remedy=remedy)
    sent = [value.encode("latin-1") for value in request.headers.getlist("authorization")]
    try:
        return await callers.principal(sent)
    except Unauthorized as error:
        # RFC 6750: who sent no token is told how to send one, and who sent a bad one that it is bad, never why.
        headers = {"WWW-Authenticate": CHALLENGE + (', error="invalid_token"' if sent else "")}
        remedy = "send Authorization: Bearer <token or API key>"
        raise Refusal(error.code, error.status, error.detail, remedy=remedy, headers=headers) from None


Caller = Annotated[Principal, Depends(caller)]


_SUBMISSION: Final = ("POST", "/v1/runs")


def quotas_of(settings: ApiSettings) -> list[tuple[Quota, bool]]:
    """The quotas that are set, and whether each is of submissions only."""
    given = ((settings.api_requests_per_minute, "requests", False), (settings.api_submissions_per_minute, "submissions", True))
    return [(Quota(name, quota), only) for quota, name, only in given if quota is not None]


async def require(request: Request, principal: Caller) -> None:
    """Refuse a request that does not reach far enough. Told by the route alone, whatever it names: there is nothing to learn from it.

    One that reaches is counted. Raises Refusal, Exhausted.
    """
    route = (request.method if request.method != "HEAD" else "GET", getattr(request.scope.get("route"), "path", ""))
    access = ROUTES.get(route)
    demand(principal, access.scope if access is not None else Scope.OPERATOR)
    charge(request, principal, submissions=False)
    if route == _SUBMISSION:
        charge(request, principal, submissions=True)


def demand(principal: Principal, needed: Scope | None) -> None:
    """Refuse a caller without the scope; None is open to all."""
    if needed is not None and not principal.allows(needed):
        headers = {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{needed}"'}
        raise Refusal("insufficient-scope", 403, f"the credentials lack the scope {needed}", headers=headers)


def charge(request: Request, principal: Principal, *, submissions: bool) -> None:
    """Count one more request, or one more run that is started, against the caller's quotas. Raises Exhausted."""
    for quota, submissions_only in request.app.state.quotas:
        if submissions_only is not submissions:
            continue
        try:
            note(request.scope, quota.take(f"{principal.tenant} {principal.name}"))
        except Exhausted as error:
            note(request.scope, error.standing)
            raise


async def known(request: Request) -> Principal | None:
    """Who sent the request, or None where that cannot be told: for what is open to all but tells some more."""
    try:
        return await caller(request)
    except SynapseError:
        return None


Protected = Depends(require)
Known = Annotated[Principal | None, Depends(known)]


def _host(request: Request) -> str:
    name = request.headers.get("host", "")
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0].lower()
