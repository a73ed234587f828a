"""An API key as its tenant's administrators see it: everything but the secret."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from synapse.contracts.evidence import Frozen
from synapse.contracts.exact import Number
from synapse.contracts.principal import DEFAULT_TENANT, TENANT_PATTERN, Scope


class KeyRequest(Frozen):
    """What a new key is to be."""

    name: str = Field(min_length=1, max_length=100, description="What it is for, in words.", examples=["nightly import"])
    scopes: frozenset[Scope] = Field(
        default=frozenset({Scope.RUNS_READ, Scope.RUNS_WRITE}), min_length=1, description="What may be done with it."
    )
    expires_in_days: Number | None = Field(default=90.0, gt=0, le=3650, description="Days from now; null: never.")
    tenant: str | None = Field(
        default=None, pattern=TENANT_PATTERN, description="Whose it is; by default the caller's. Only an operator may name another."
    )


class RotateRequest(Frozen):
    """How a key is replaced."""

    overlap_seconds: Number = Field(default=86_400.0, ge=0, le=30 * 86_400, description="Seconds for which the old key still works.")


class ApiKey(Frozen):
    """One key, without its secret."""

    id: str = Field(examples=["3f9a1c0be27d"])
    tenant: str = Field(default=DEFAULT_TENANT)
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = Field(default=None, description="To the minute.")
    replaces: str | None = Field(default=None, description="The key that this one was rotated from.")


class NewKey(ApiKey):
    """A key that was just made, with the only sight of its secret."""

    key: str = Field(description="What to send as the bearer token. It is shown once and kept nowhere.", examples=["syn_3f9a1c0be27d_…"])


class KeyList(Frozen):
    """Every key of a tenant, newest first."""

    keys: tuple[ApiKey, ...]
