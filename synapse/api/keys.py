"""API keys: make one, look at them, rotate, revoke."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from synapse.api.dependencies import ServiceOf
from synapse.api.problems import declared
from synapse.contracts.api_key import ApiKey, KeyList, KeyRequest, NewKey, RotateRequest
from synapse.contracts.principal import TENANT_PATTERN
from synapse.errors import NotFound

router = APIRouter(prefix="/v1/keys", tags=["keys"])
_ID: Final = re.compile(r"[0-9a-f]{12}")


async def _key_id(
    key: Annotated[str, Path(description="The key's id: the part between the underscores.", examples=["3f9a1c0be27d"])],
) -> str:
    # What cannot be an id is not looked for: a database need not see it, nor an answer repeat it, for it may be a whole key.
    if not _ID.fullmatch(key):
        raise NotFound("there is no such key" if key.startswith("syn_") else f"there is no key {key[:64]!r}")
    return key


Key = Annotated[str, Depends(_key_id)]
TenantName = Annotated[str | None, Query(pattern=TENANT_PATTERN, description="Another tenant's, for an operator.")]
_NO_STORE = {"Cache-Control": "no-store"}


@router.post("", status_code=201, responses=declared(400, 403, 413, 415))
def create(
    request: Annotated[KeyRequest, Body(openapi_examples={"reading": {"value": {"name": "dashboard", "scopes": ["runs:read"]}}})],
    service: ServiceOf,
    response: Response,
) -> NewKey:
    """Make a key. The answer is the only sight of its secret: of that only a hash is kept."""
    response.headers.update(_NO_STORE)
    made = service.keys.create(request)
    response.headers["Location"] = f"/v1/keys/{made.id}"
    return made


@router.get("", name="keys", responses=declared(400, 403))
def listed(service: ServiceOf, tenant: TenantName = None) -> KeyList:
    """The newest thousand keys, newest first, also those that have ended."""
    return service.keys.list(tenant)


@router.get("/{key}", responses=declared(400, 403, 404))
def shown(key: Key, service: ServiceOf, tenant: TenantName = None) -> ApiKey:
    """One key."""
    return service.keys.get(key, tenant)


@router.delete("/{key}", responses=declared(400, 403, 404))
def revoke(key: Key, service: ServiceOf, tenant: TenantName = None) -> ApiKey:
    """Revoke a key: from now on it is refused. Repeating this changes nothing."""
    return service.keys.revoke(key, tenant)


@router.post("/{key}/rotate", status_code=201, responses=declared(400, 403, 404, 409))
def rotate(key: Key, service: ServiceOf, response: Response, request: RotateRequest | None = None, tenant: TenantName = None) -> NewKey:
    """Make a key like this one; this one works for a while longer, for whoever has yet to be given the new one."""
    response.headers.update(_NO_STORE)
    return service.keys.rotate(key, (request or RotateRequest()).overlap_seconds, tenant)
