from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any

import pytest

from synapse.contracts.api_key import NewKey
from synapse.contracts.principal import Scope, Tenant
from synapse.errors import Conflict, NotFound
from synapse.state import api_keys
from synapse.state.api_keys import ApiKeys
from tests.unit.state.house import House

ACME, OTHER = Tenant("acme"), Tenant("other")


@pytest.fixture
def keys(house: House) -> ApiKeys:
    return house.database.api_keys


def _made(keys: ApiKeys, tenant: Tenant = ACME, seconds: float | None = 3600.0) -> NewKey:
    return keys.create(tenant, "import", [Scope.RUNS_READ], seconds=seconds, by="operator")


def test_a_key_stands_for_its_tenant_and_scopes(keys: ApiKeys) -> None:
    made = _made(keys)
    found = keys.principal(made.key)
    assert found is not None
    assert (found.tenant, found.scopes, found.name) == (ACME, {Scope.RUNS_READ}, f"import ({made.id})")
    assert made.expires_at is not None
    assert made.expires_at - made.created_at == timedelta(hours=1)


def test_the_secret_is_in_the_answer_and_nowhere_in_the_database(house: House, keys: ApiKeys) -> None:
    made = _made(keys)
    secret = made.key.rpartition("_")[2]
    assert made.key == f"syn_{made.id}_{secret}"
    assert len(bytes.fromhex(secret)) == 32
    assert secret not in repr(house.sql("SELECT * FROM api_key"))
    assert not hasattr(keys.get(ACME, made.id), "key")


def test_no_two_keys_are_alike(keys: ApiKeys) -> None:
    assert len({_made(keys).key for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "change", [lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"), lambda key: key + "0", str.upper, lambda key: key + "\n"]
)
def test_a_key_that_is_off_by_anything_stands_for_nobody(keys: ApiKeys, change: Any) -> None:
    assert keys.principal(change(_made(keys).key)) is None


@pytest.mark.parametrize("key", ["", "syn_", "syn__", f"syn_{'0' * 12}_{'0' * 64}", "x" * 5000, f"syn_{'é' * 12}_{'0' * 64}"])
def test_what_was_never_a_key_stands_for_nobody(keys: ApiKeys, key: str) -> None:
    assert keys.principal(key) is None


def test_the_secret_of_one_key_does_not_open_another(keys: ApiKeys) -> None:
    one, other = _made(keys), _made(keys, OTHER)
    assert keys.principal(f"syn_{one.id}_{other.key.rpartition('_')[2]}") is None


def test_an_expired_key_stands_for_nobody(house: House, keys: ApiKeys) -> None:
    made = _made(keys)
    assert keys.principal(made.key) is not None
    house.sql("UPDATE api_key SET expires_at = {in:ago} WHERE id = :id", ago=-0.5, id=made.id)
    assert keys.principal(made.key) is None


def test_a_key_without_an_end_has_none(keys: ApiKeys) -> None:
    made = _made(keys, seconds=None)
    assert made.expires_at is None
    assert keys.principal(made.key) is not None


def test_a_revoked_key_stands_for_nobody_from_that_moment(keys: ApiKeys) -> None:
    made = _made(keys)
    first = keys.revoke(ACME, made.id)
    assert keys.principal(made.key) is None
    assert first.revoked_at is not None
    assert keys.revoke(ACME, made.id).revoked_at == first.revoked_at


@pytest.mark.parametrize("known", [True, False])
def test_secrets_are_compared_in_constant_time_and_so_for_a_key_that_is_not_there(
    keys: ApiKeys, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    compared: list[tuple[Any, Any]] = []
    compare = hmac.compare_digest

    def spy(left: Any, right: Any) -> bool:
        compared.append((left, right))
        return compare(left, right)

    made = _made(keys)
    monkeypatch.setattr(api_keys.hmac, "compare_digest", spy)
    wrong = f"syn_{made.id if known else 'f' * 12}_{'0' * 64}"
    assert keys.principal(wrong) is None
    assert [len(side) for side in compared[0]] == [64, 64]
    assert len(compared) == 1
    # By mutation: were anything else asked, this would change nothing.
    monkeypatch.setattr(api_keys.hmac, "compare_digest", lambda left, right: True)
    assert (keys.principal(wrong) is not None) is known


def test_when_a_key_was_used_last_is_known_to_the_minute(house: House, keys: ApiKeys) -> None:
    made = _made(keys)
    assert keys.get(ACME, made.id).last_used_at is None
    keys.principal(made.key)
    first = keys.get(ACME, made.id).last_used_at
    assert first is not None
    keys.principal(made.key)
    assert keys.get(ACME, made.id).last_used_at == first
    house.sql("UPDATE api_key SET last_used_at = {in:ago}", ago=-61.0)
    keys.principal(made.key)
    again = keys.get(ACME, made.id).last_used_at
    assert again is not None
    assert again >= first


def test_a_refused_key_was_not_used(keys: ApiKeys) -> None:
    made = _made(keys)
    keys.principal(f"syn_{made.id}_{'0' * 64}")
    assert keys.get(ACME, made.id).last_used_at is None


def test_another_tenants_key_is_like_one_that_never_was(keys: ApiKeys) -> None:
    made = _made(keys)
    for ask in (keys.get, keys.revoke, lambda tenant, key: keys.rotate(tenant, key, overlap=0, by="x")):
        said = []
        for name in (made.id, "0" * 12):
            with pytest.raises(NotFound) as caught:
                ask(OTHER, name)
            said.append(str(caught.value).replace(name, "*"))
        assert said[0] == said[1]
    assert keys.principal(made.key) is not None
    assert keys.list(OTHER) == ()
    assert [key.id for key in keys.list(ACME)] == [made.id]


def test_a_rotated_key_works_beside_its_successor_until_the_overlap_is_over(house: House, keys: ApiKeys) -> None:
    old = _made(keys, seconds=86_400.0)
    new = keys.rotate(ACME, old.id, overlap=60.0, by="admin")
    assert (new.replaces, new.scopes, new.name, new.created_by) == (old.id, old.scopes, old.name, "admin")
    assert new.expires_at is not None
    assert new.expires_at - new.created_at == timedelta(days=1)
    assert keys.principal(old.key) is not None
    assert keys.principal(new.key) is not None
    ends = keys.get(ACME, old.id).expires_at
    assert ends is not None
    assert ends - old.created_at < timedelta(minutes=5)
    house.sql("UPDATE api_key SET expires_at = {in:ago} WHERE id = :id", ago=-0.5, id=old.id)
    assert keys.principal(old.key) is None
    assert keys.principal(new.key) is not None


def test_a_rotation_never_makes_a_key_last_longer_and_one_that_ended_is_not_rotated(keys: ApiKeys) -> None:
    old = _made(keys, seconds=60.0)
    keys.rotate(ACME, old.id, overlap=86_400.0, by="admin")
    assert keys.get(ACME, old.id).expires_at == old.expires_at
    keys.revoke(ACME, old.id)
    with pytest.raises(Conflict):
        keys.rotate(ACME, old.id, overlap=0, by="admin")
