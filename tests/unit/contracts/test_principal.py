from __future__ import annotations

import pytest

from synapse.contracts.principal import OPERATOR, Principal, Scope, Tenant, scopes_among, tenant_of
from synapse.errors import InvalidInput


def _of(*scopes: Scope) -> Principal:
    return Principal(Tenant("acme"), "somebody", frozenset(scopes))


def test_a_scope_reaches_no_further_than_it_says() -> None:
    assert _of(Scope.RUNS_READ).reach == {Scope.RUNS_READ}
    assert _of(Scope.RUNS_WRITE).reach == {Scope.RUNS_WRITE}
    assert _of(Scope.ADMIN).reach == {Scope.ADMIN, Scope.RUNS_READ, Scope.RUNS_WRITE, Scope.WORKFLOWS_WRITE}
    assert _of().reach == frozenset()
    assert all(OPERATOR.allows(scope) for scope in Scope)
    assert not _of(*(scope for scope in Scope if scope is not Scope.OPERATOR)).allows(Scope.OPERATOR)


def test_only_who_has_the_whole_installation_is_an_operator() -> None:
    assert OPERATOR.is_operator
    assert not _of(Scope.ADMIN).is_operator


@pytest.mark.parametrize("name", ["a", "acme", "team-7", "x" * 63])
def test_a_tenant_has_a_plain_name(name: str) -> None:
    assert tenant_of(name) == name


@pytest.mark.parametrize("name", ["", "-", "a-", "Acme", "a b", "acme\n", "a/b", "x" * 64, "é"])
def test_anything_else_is_no_tenant(name: str) -> None:
    with pytest.raises(InvalidInput):
        tenant_of(name)


def test_words_that_are_no_scopes_mean_nothing() -> None:
    assert scopes_among(["openid", "runs:read", "ADMIN"]) == {Scope.RUNS_READ}
