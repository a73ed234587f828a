"""API keys: made, listed, rotated, revoked, by who may."""

from __future__ import annotations

from typing import Final

from synapse.contracts.api_key import ApiKey, KeyList, KeyRequest, NewKey
from synapse.contracts.principal import Principal, Tenant, tenant_of
from synapse.engine.runtime import Runtime
from synapse.errors import Forbidden

_DAY: Final = 86_400.0


class KeyDesk:
    """What the caller may do about keys: an administrator those of its tenant, an operator everybody's. Blocks on the database."""

    def __init__(self, runtime: Runtime, principal: Principal) -> None:
        self.runtime = runtime
        self.principal = principal

    def create(self, request: KeyRequest) -> NewKey:
        """A new key. Raises Forbidden for a scope that the caller lacks, and for another tenant's unless it is an operator."""
        beyond = sorted(request.scopes - self.principal.reach)
        if beyond:
            raise Forbidden("nobody can give away what they do not have", field="scopes", remedy=f"leave out {', '.join(beyond)}")
        seconds = request.expires_in_days * _DAY if request.expires_in_days is not None else None
        tenant = self._tenant(request.tenant)
        return self.runtime.database.api_keys.create(tenant, request.name, request.scopes, seconds=seconds, by=self.principal.name)

    def list(self, tenant: str | None = None) -> KeyList:
        """Every key of the caller's tenant, or for an operator of another one. Raises Forbidden."""
        return KeyList(keys=self.runtime.database.api_keys.list(self._tenant(tenant)))

    def get(self, key: str, tenant: str | None = None) -> ApiKey:
        """One key. Raises NotFound, Forbidden."""
        return self.runtime.database.api_keys.get(self._tenant(tenant), key)

    def revoke(self, key: str, tenant: str | None = None) -> ApiKey:
        """End a key at once. Raises NotFound, Forbidden."""
        return self.runtime.database.api_keys.revoke(self._tenant(tenant), key)

    def rotate(self, key: str, overlap: float, tenant: str | None = None) -> NewKey:
        """A new key in place of one, which ends after ``overlap`` seconds.

        Raises NotFound, Conflict when it has ended, Forbidden when it can do more than the caller.
        """
        whose = self._tenant(tenant)
        if not self.principal.reach.issuperset(self.runtime.database.api_keys.get(whose, key).scopes):
            raise Forbidden("the key can do more than who asks")
        return self.runtime.database.api_keys.rotate(whose, key, overlap=overlap, by=self.principal.name)

    def _tenant(self, name: str | None) -> Tenant:
        if name is None or name == self.principal.tenant:
            return self.principal.tenant
        if not self.principal.is_operator:
            raise Forbidden("only an operator names another tenant", field="tenant")
        return tenant_of(name)
