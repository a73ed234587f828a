from __future__ import annotations

import pytest

from synapse.contracts.api_key import KeyRequest
from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.errors import Forbidden, NotFound
from synapse.service.keys import KeyDesk
from tests.unit.workbench import Workbench


def _desk(bench: Workbench, tenant: str, *scopes: Scope) -> KeyDesk:
    return KeyDesk(bench.runtime, Principal(Tenant(tenant), "anna", frozenset(scopes)))


def _asked(*scopes: Scope, tenant: str | None = None) -> KeyRequest:
    return KeyRequest(name="x", scopes=frozenset(scopes) or frozenset({Scope.RUNS_READ}), tenant=tenant)


def test_an_administrator_makes_keys_of_its_own_tenant(bench: Workbench) -> None:
    desk = _desk(bench, "acme", Scope.ADMIN)
    made = desk.create(_asked(Scope.RUNS_READ, Scope.ADMIN))
    assert (made.tenant, made.created_by) == ("acme", "anna")
    assert [key.id for key in desk.list().keys] == [made.id]
    assert desk.get(made.id).id == made.id
    assert desk.revoke(made.id).revoked_at is not None


def test_nobody_gives_away_what_they_do_not_have(bench: Workbench) -> None:
    for scope in (Scope.OPERATOR, Scope.METRICS_READ):
        with pytest.raises(Forbidden):
            _desk(bench, "acme", Scope.ADMIN).create(_asked(scope))
    stronger = _desk(bench, "acme", Scope.OPERATOR).create(_asked(Scope.OPERATOR))
    with pytest.raises(Forbidden):
        _desk(bench, "acme", Scope.ADMIN).rotate(stronger.id, 0.0)
    assert _desk(bench, "acme", Scope.OPERATOR).rotate(stronger.id, 0.0).replaces == stronger.id


def test_only_an_operator_names_another_tenant(bench: Workbench) -> None:
    admin, operator = _desk(bench, "acme", Scope.ADMIN), _desk(bench, "default", Scope.OPERATOR)
    made = operator.create(_asked(tenant="other"))
    assert made.tenant == "other"
    assert [key.id for key in operator.list("other").keys] == [made.id]
    assert operator.get(made.id, "other").id == made.id
    with pytest.raises(Forbidden):
        admin.create(_asked(tenant="other"))
    for ask in (admin.list, lambda tenant: admin.get(made.id, tenant), lambda tenant: admin.revoke(made.id, tenant)):
        with pytest.raises(Forbidden):
            ask("other")
    # Without its name the tenant's key is like one that never was.
    with pytest.raises(NotFound):
        admin.revoke(made.id)
    assert operator.get(made.id, "other").revoked_at is None
